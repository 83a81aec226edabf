"""Fit the probability of a pair on your own labelled photos.

Reads   netvlad/matches-MODEL.h5 as match_pairs.py wrote it, and a CSV file with the columns path,building; the
        building "single" means: the only photo of its building.
Writes  --output, a JSON file for match_pairs.py --calibration. Prints how well it predicts buildings that it was not
        fitted on, unless there are too few for that.

Example: python -m tools.calibrate --matches netvlad/matches-vlad.h5 --labels labels.csv --output calibration.json
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from stages.command_line import ScriptParser, exit_codes

if TYPE_CHECKING:
    from stages.calibrate import ReliabilityRow


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ScriptParser(__doc__)
    parser.add_argument("--matches", type=Path, required=True, help="verified pairs of the labelled photos")
    parser.add_argument("--labels", type=Path, required=True, help="CSV file with the columns path,building")
    parser.add_argument("--output", type=Path, default=Path("calibration.json"), help="where the result is written")
    return parser.parse_args(argv)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Fit, test, write, print."""
    from stages.calibrate import calibrate, cross_validate, read_labelled_pairs, reliability
    from storage.errors import StageError
    from storage.formats.calibration import write_calibration

    pairs = read_labelled_pairs(args.matches, args.labels)
    fitted = calibrate(pairs)
    try:
        rows, note = reliability(cross_validate(pairs), pairs.is_same), ""
    except StageError as error:
        rows, note = [], f"not tested on other buildings: {error}"
    write_calibration(args.output, fitted)
    if args.json:
        result = {"output": str(args.output), "fitted_on": fitted.fitted_on, "reliability": list(map(asdict, rows))}
        print(json.dumps(result | {"note": note}, indent=1))
    else:
        numbers = ", ".join(f"{value} {name}" for name, value in fitted.fitted_on.items() if isinstance(value, int))
        print(f"fitted on {numbers.replace('_', ' ')}\n{note or table(rows)}\n{args.output}")
    return 0


def table(rows: Sequence[ReliabilityRow]) -> str:
    """Give predicted against observed, a range a line."""
    lines = ["on buildings that it was not fitted on:", "  probability      pairs  predicted  observed"]
    lines += [
        f"  {row.low:.2f} to {row.high:.2f}  {row.count:>7}  {row.predicted:>9.3f}  {row.observed:>8.3f}"
        for row in rows
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(parse_args()))
