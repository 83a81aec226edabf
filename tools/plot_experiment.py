"""Draw search experiments: recall against time, recall against k, and the recall of each attack.

Reads   --results: search.json of tools.search_experiment, or folders that hold one; several lie in one chart
Writes  --output: a picture (.png), a page in one file (.html) that opens without a server, or both

Example:
  python -m tools.plot_experiment --results results/vlad results/dhash --output all.html all.png
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from stages.command_line import ScriptParser, exit_codes, print_report
from stages.settings.search import PlotExperimentSettings


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    default = PlotExperimentSettings()
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("--results", nargs="+", type=Path, default=default.results, metavar="F", help="what is drawn")
    add("--output", nargs="+", type=Path, default=default.output, metavar="F", help="files that end in .html or .png")
    add("--k", type=int, default=default.k, help="of the recall against time and of the bars; default: the smallest")
    return parser.parse_args(argv)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Run the stage and print its summary."""
    from stages.retrieval.plot_experiment import plot_experiment
    from web.experiment.page import experiment_page

    settings = PlotExperimentSettings(tuple(args.results), tuple(args.output), args.k)
    return print_report(plot_experiment(settings, experiment_page), args)


if __name__ == "__main__":
    sys.exit(main(parse_args()))
