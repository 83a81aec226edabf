"""Fetch the published weights of a model into the cache, checked by their SHA-256.

Reads one address (or a file fetched elsewhere, with --from), writes one file into torch hub's cache folder, where
extract_features.py and hloc look for it. An interrupted download goes on where it stopped; the proxies of the
environment (HTTP_PROXY, HTTPS_PROXY, NO_PROXY) are used.

Models:
  netvlad   VGG16-NetVLAD, Pittsburgh 30k, 529 MB: found by extract_features.py without being named
  tokyotm   VGG16-NetVLAD, Tokyo Time Machine, 529 MB: name it with extract_features.py --weights

Example:
  python -m tools.download_models netvlad
"""

from __future__ import annotations

import argparse
import json
import logging
import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from stages.command_line import ScriptParser, exit_codes
from storage.errors import DamagedFileError, UsageError
from storage.model_files import MODEL_FILES, cache_folder, cached_path

log = logging.getLogger(__name__)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ScriptParser(__doc__)
    parser.add_argument("model", choices=sorted(MODEL_FILES), help="which model's weights to fetch")
    parser.add_argument("--url", help="fetch from this address, not from the makers'")
    parser.add_argument("--from", dest="source", type=Path, metavar="FILE", help="take this file, fetched elsewhere")
    parser.add_argument("--cache_dir", type=Path, default=cache_folder(), help="the cache folder")
    parser.add_argument(
        "--sha256", metavar="HEX", help="the SHA-256 that the file must have, in place of the known one"
    )
    return parser.parse_args(argv)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Bring the model's file into the cache, unless it is there; print where it is and its SHA-256."""
    from storage.fingerprints import sha256_of_file

    if args.url is not None and args.source is not None:
        raise UsageError("--url and --from: give one of the two")
    check = _check_of(args)
    target = cached_path(args.model, args.cache_dir)
    origins = (args.source, args.url, MODEL_FILES[args.model].url)
    origin = str(next(origin for origin in origins if origin is not None))
    status = "already there"
    if not _is_there(target, check):
        _fetch(args, origin, target, check)
        status = "fetched" if args.source is None else "copied"
    result = {"model": args.model, "status": status, "path": str(target), "sha256": sha256_of_file(target)}
    result |= {"origin": None if status == "already there" else origin, "is_verified": bool(_expected(args))}
    print(json.dumps(result, indent=1) if args.json else _as_text(result, args.cache_dir))
    return 0


def _expected(args: argparse.Namespace) -> str | None:
    known: str | None = args.sha256
    return MODEL_FILES[args.model].sha256 if known is None else known


def _check_of(args: argparse.Namespace) -> Callable[[Path], object]:
    """Give the check of a complete file: its SHA-256 where one is known, else whether it can be read as weights."""
    from storage.downloads import check_sha256
    from storage.formats.weights import read_netvlad_weights

    expected = _expected(args)
    if expected is None:
        return read_netvlad_weights
    if not re.fullmatch(r"[0-9a-fA-F]{64}", expected):
        raise UsageError(f"--sha256 {expected}: must be 64 hexadecimal digits")
    return partial(check_sha256, expected=expected)


def _is_there(target: Path, check: Callable[[Path], object]) -> bool:
    if not target.is_file():
        return False
    try:
        check(target)
    except DamagedFileError as error:
        log.info("%s; it is replaced", error)
        return False
    return True


def _fetch(args: argparse.Namespace, origin: str, target: Path, check: Callable[[Path], object]) -> None:
    from storage.downloads import Conduct, copy_checked, fetch_file

    if args.source is not None:
        copy_checked(args.source, target, check)
        return
    from tqdm import tqdm

    model = MODEL_FILES[args.model]
    log.info(
        "%s: %s\nabout %d MB from %s\nlicence: %s", args.model, model.source, model.megabytes, origin, model.licence
    )
    hide = True if args.quiet else None  # None: tqdm itself hides the bar where standard error is no terminal
    with tqdm(unit="B", unit_scale=True, unit_divisor=1000, desc=target.name, disable=hide) as bar:

        def show(received: int, total: int | None) -> None:
            bar.total = total
            bar.update(received - bar.n)

        fetch_file(origin, target, check, Conduct(on_progress=show))


def _as_text(result: dict[str, object], cache_dir: Path) -> str:
    lines = [f"{result['model']}: {result['status']}", f"  path: {result['path']}", f"  sha256: {result['sha256']}"]
    if not result["is_verified"]:
        lines.append("  note: nobody published a checksum of this file; this is that of what came, and it can be read")
    if result["model"] != "netvlad" or cache_dir != cache_folder():
        lines.append(f"  use it with: python extract_features.py --model netvlad --weights {result['path']}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(parse_args()))
