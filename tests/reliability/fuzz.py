"""Fuzz one target with atheris, or say which there are.

It keeps what leads to new code in a folder and goes on from there; bytes that make a reader fail are put beside it.

    python -m tests.reliability.fuzz photo --corpus /tmp/corpus --seconds 600
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", help="name of a target; any other name lists them")
    parser.add_argument("--corpus", type=Path, required=True, help="folder of what was found")
    parser.add_argument("--seconds", type=int, default=600)
    return parser.parse_args(argv)


def main(args: argparse.Namespace) -> int:
    import atheris

    with atheris.instrument_imports(include=["PIL", "exifread", "storage"]):
        from tests.reliability.fuzz_targets import targets
    if args.target not in targets():
        print("\n".join(targets()))
        return 2
    target: Any = targets()[args.target]
    corpus = args.corpus / args.target.replace(" ", "_")
    seeds, found = corpus / "seeds", corpus / "found"
    for folder in (corpus / "kept", seeds, found):
        folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds()):
        (seeds / f"{number:03d}").write_bytes(seed)
    limits = [f"-max_total_time={args.seconds}", "-rss_limit_mb=2000", "-timeout=30", "-max_len=20000"]
    atheris.Setup([sys.argv[0], *limits, f"-artifact_prefix={found}/", str(corpus / "kept"), str(seeds)], target.check)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main(parse_args()))
