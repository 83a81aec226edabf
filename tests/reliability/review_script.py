"""What ``tools.review_clusters`` writes, without its page: corrections, one taken back, then all applied."""

from __future__ import annotations

import argparse
from pathlib import Path

from stages.command_line import ScriptParser, exit_codes


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ScriptParser(__doc__)
    parser.add_argument("--work_dir", type=Path, default=Path())
    return parser.parse_args(argv)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Correct the clusters as a person would; what is corrected already stays."""
    from web.review.regroup import Regrouping
    from web.review.review import Folders, Review

    review = Review(Folders(*(args.work_dir / name for name in ("datasets", "netvlad", "results"))))
    session, state = review.session, review.state
    if len(state.members) > 2:
        numbers = sorted(state.members)
        session.do(review.bonds, {"action": "merge", "clusters": [str(number) for number in numbers[:2]]})
        session.do(review.bonds, {"action": "merge", "clusters": [str(number) for number in sorted(state.members)[:2]]})
        session.undo()
    Regrouping(review).apply()
    return 0
