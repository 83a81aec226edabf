"""Fetch the published weights of a model into the cache, checked by their SHA-256 where one is known.

Reads one address per file (or files fetched elsewhere, with --from), writes into torch hub's cache folder, where
extract_features.py looks for them. An interrupted download goes on where it stopped; the proxies of the environment
(HTTP_PROXY, HTTPS_PROXY, NO_PROXY) are used. Models marked + are built by their makers' code, which is fetched at a
fixed revision and run by extract_features.py: they ask for --trust_code. The checkpoints of simclr are TensorFlow's and
are converted, which needs PyTorch and no TensorFlow. docs/models.md has licences and advice.

Models:
  netvlad            VGG16-NetVLAD, Pittsburgh 30k, 529 MB: found by extract_features.py without being named
  tokyotm            VGG16-NetVLAD, Tokyo Time Machine, 529 MB: name it with extract_features.py --weights
  cosplace         + CosPlace, ResNet-50, 111 MB
  eigenplaces      + EigenPlaces, ResNet-50, 111 MB
  megaloc          + MegaLoc, DINOv2 ViT-B/14, 914 MB
  salad            + DINOv2 SALAD, 352 MB (code GPL-3.0)
  dinov2           + DINOv2 ViT-B/14, 346 MB
  resnet18           torchvision's, ImageNet, 47 MB
  resnet50           torchvision's, ImageNet, 103 MB
  resnet101          torchvision's, ImageNet, 179 MB
  resnet152          torchvision's, ImageNet, 242 MB
  wide_resnet50_2    torchvision's, ImageNet, 276 MB
  wide_resnet101_2   torchvision's, ImageNet, 508 MB
  mobilenet_v3       torchvision's, ImageNet, 22 MB
  inception_v3       torchvision's, ImageNet, 109 MB
  efficientnet_b7    torchvision's, ImageNet, 267 MB
  vgg19              torchvision's, ImageNet, 575 MB: for tools.train_autoencoder --loss perceptual, no descriptor
  simclrv1-r50-1x        SimCLR, ResNet-50 1x, 102 MB converted
  simclrv1-r50-2x        SimCLR, ResNet-50 2x, 392 MB converted
  simclrv1-r50-4x        SimCLR, ResNet-50 4x, 1,535 MB converted
  simclrv2-r50-1x-sk0    SimCLR v2, ResNet-50 1x, 137 MB converted
  simclrv2-r50-1x-sk1    SimCLR v2, ResNet-50 1x with selective kernels, 184 MB converted
  simclrv2-r50-2x-sk0    SimCLR v2, ResNet-50 2x, 529 MB converted
  simclrv2-r50-2x-sk1    SimCLR v2, ResNet-50 2x with selective kernels, 715 MB converted
  simclrv2-r101-1x-sk0   SimCLR v2, ResNet-101 1x, 213 MB converted
  simclrv2-r101-1x-sk1   SimCLR v2, ResNet-101 1x with selective kernels, 302 MB converted
  simclrv2-r101-2x-sk0   SimCLR v2, ResNet-101 2x, 833 MB converted
  simclrv2-r101-2x-sk1   SimCLR v2, ResNet-101 2x with selective kernels, 1,182 MB converted
  simclrv2-r152-1x-sk0   SimCLR v2, ResNet-152 1x, 276 MB converted
  simclrv2-r152-1x-sk1   SimCLR v2, ResNet-152 1x with selective kernels, 399 MB converted
  simclrv2-r152-2x-sk0   SimCLR v2, ResNet-152 2x, 1,083 MB converted
  simclrv2-r152-2x-sk1   SimCLR v2, ResNet-152 2x with selective kernels, 1,568 MB converted
  simclrv2-r152-3x-sk1   SimCLR v2, ResNet-152 3x with selective kernels, 3,511 MB converted

Examples:
  python -m tools.download_models netvlad
  python -m tools.download_models megaloc --trust_code
  python -m tools.download_models simclrv2-r50-2x-sk1
  python -m tools.download_models megaloc --list                  (what to fetch elsewhere, for --from FOLDER)
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
from stages.download_listing import NETVLAD_FILES, files_listing, result_text
from stages.settings.simclr import SimclrSettings
from storage.errors import DamagedFileError, UsageError
from storage.hub_code import HUB_CODE, HubRepository
from storage.model_files import MODEL_FILES, cache_folder, cached_path
from storage.simclr_files import CATEGORIES, MEGABYTES

SIMCLR_FLAGS = ("category", "raw", "no_exact_padding", "keep_tf")

log = logging.getLogger(__name__)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add(
        "model", choices=sorted(MODEL_FILES), metavar="MODEL", help="one of those above: which model's weights to fetch"
    )
    add("--url", help="fetch the weights from this address, not from the makers'")
    add("--from", dest="source", type=Path, metavar="PATH", help="take this file, or a folder of files, fetched before")
    add("--cache_dir", type=Path, default=cache_folder(), help="the cache folder")
    add("--sha256", metavar="HEX", help="the SHA-256 that the weights must have, in place of the known one")
    add("--trust_code", action="store_true", help="fetch the makers' code too, which extract_features.py then runs")
    add("--list", action="store_true", help="only say which files are needed and where they are")
    add("--category", metavar="NAME", help=f"simclr: which checkpoint; one of {', '.join(CATEGORIES)}")
    add("--raw", action="store_true", help="simclrv2: the weights as trained, not averaged over the training")
    add("--no_exact_padding", action="store_true", help="simclr: pad as PyTorch does, not as TensorFlow does")
    add("--keep_tf", action="store_true", help="simclr: fetch and keep all five files of TensorFlow")
    return parser.parse_args(argv)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Bring the model's files into the cache, unless they are there; print where they are."""
    if args.url is not None and args.source is not None:
        raise UsageError("--url and --from: give one of the two")
    if args.model in MEGABYTES:
        return _bring_simclr(args)
    _refuse_simclr_flags(args)
    check = _check_of(args)
    if args.list:
        weights = MODEL_FILES[args.model]
        print(files_listing(args.model, [(weights.file_name, args.url or weights.url)], _expected(args), args.json))
        return 0
    missing = [code for code in HUB_CODE.get(args.model, ()) if code.folder(args.cache_dir) is None]
    if missing and not args.trust_code:
        raise UsageError(_ask_for_trust(args.model, missing))
    _refuse_a_single_file(args, missing)
    for code in missing:
        _fetch_code(args, code)
    result = _bring_weights(args, check)
    if args.model in HUB_CODE:
        result["code"] = {code.name: str(args.cache_dir / code.place) for code in HUB_CODE[args.model]}
    print(json.dumps(result, indent=1) if args.json else result_text(result, args.cache_dir))
    return 0


# -- code -------------------------------------------------------------------------------------------------------------


def _ask_for_trust(model: str, missing: list[HubRepository]) -> str:
    names = " and ".join(f"https://github.com/{code.name}/tree/{code.commit} ({code.licence})" for code in missing)
    return (
        f"{model} is built by its makers' code, which would be fetched and run on this machine: {names}; look at it, "
        "and if you trust it, add --trust_code"
    )


def _refuse_a_single_file(args: argparse.Namespace, missing: list[HubRepository]) -> None:
    if missing and args.source is not None and not args.source.is_dir():
        names = ", ".join(code.archive_name for code in missing)
        raise UsageError(
            f"--from {args.source}: {args.model} needs code as well; name a folder that also holds {names} (see --list)"
        )


def _fetch_code(args: argparse.Namespace, code: HubRepository) -> None:
    from storage.hub_code import check_archive, copy_folder, unpack_archive
    from storage.lock import work_lock

    if args.source is not None:
        found = _found_in(args.source, [code.archive_name, f"{code.place}.zip", code.place, code.archive_name[:-4]])
        with work_lock(args.cache_dir):
            place = copy_folder if found.is_dir() else unpack_archive
            place(found, code, args.cache_dir)
        return
    log.info("code: %s at %s\nlicence: %s", code.url, code.commit, code.licence)
    archive = args.cache_dir / f"{code.place}.zip"
    _receive(args, code.url, archive, partial(check_archive, repository=code))
    with work_lock(args.cache_dir):
        unpack_archive(archive, code, args.cache_dir)
        archive.unlink()


def _found_in(folder: Path, names: list[str]) -> Path:
    found = next((folder / name for name in names if (folder / name).exists()), None)
    if found is None:
        raise UsageError(f"--from {folder}: there is none of {', '.join(dict.fromkeys(names))} in it")
    return found


# -- weights ----------------------------------------------------------------------------------------------------------


def _expected(args: argparse.Namespace) -> str | None:
    known: str | None = args.sha256
    return MODEL_FILES[args.model].sha256 if known is None else known


def _check_of(args: argparse.Namespace) -> Callable[[Path], object]:
    """Give the check of a complete file: its SHA-256 where one is known, else whether it can be read as weights."""
    from storage.downloads import check_sha256
    from storage.formats.torch_file import check_torch_file
    from storage.formats.weights import read_netvlad_weights

    _check_sum(args)
    expected = _expected(args)
    if expected is not None:
        return partial(check_sha256, expected=expected)
    return read_netvlad_weights if args.model in NETVLAD_FILES else check_torch_file


def _check_sum(args: argparse.Namespace) -> None:
    if args.sha256 is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", args.sha256):
        raise UsageError(f"--sha256 {args.sha256}: must be 64 hexadecimal digits")


def _bring_weights(args: argparse.Namespace, check: Callable[[Path], object]) -> dict[str, object]:
    from storage.fingerprints import sha256_of_file

    target = cached_path(args.model, args.cache_dir)
    origin = str(_source_file(args, target) or args.url or MODEL_FILES[args.model].url)
    status = "already there"
    if not _is_there(target, check):
        _fetch(args, origin, target, check)
        status = "fetched" if args.source is None else "copied"
    result: dict[str, object] = {"model": args.model, "status": status, "path": str(target)}
    result["sha256"] = sha256_of_file(target)
    return result | {"origin": None if status == "already there" else origin, "is_verified": bool(_expected(args))}


def _source_file(args: argparse.Namespace, target: Path) -> Path | None:
    source: Path | None = args.source
    if source is None or not source.is_dir():
        return source
    return _found_in(source, [MODEL_FILES[args.model].file_name, target.name, MODEL_FILES[args.model].place])


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
    from storage.downloads import copy_checked

    if args.source is not None:
        copy_checked(Path(origin), target, check)
        return
    model = MODEL_FILES[args.model]
    log.info(
        "%s: %s\nabout %d MB from %s\nlicence: %s", args.model, model.source, model.megabytes, origin, model.licence
    )
    _receive(args, origin, target, check)


def _receive(args: argparse.Namespace, url: str, target: Path, check: Callable[[Path], object]) -> None:
    from tqdm import tqdm

    from storage.downloads import Conduct, fetch_file

    hide = True if args.quiet else None  # None: tqdm itself hides the bar where standard error is no terminal
    with tqdm(unit="B", unit_scale=True, unit_divisor=1000, desc=target.name, disable=hide) as bar:

        def show(received: int, total: int | None) -> None:
            bar.total = total
            bar.update(received - bar.n)

        fetch_file(url, target, check, Conduct(on_progress=show))


# -- SimCLR, which is converted ---------------------------------------------------------------------------------------


def _bring_simclr(args: argparse.Namespace) -> int:
    from stages.fetch_simclr import chosen_checkpoint, fetch_simclr

    _check_sum(args)
    given = {flag: getattr(args, flag) for flag in ("model", "cache_dir", *SIMCLR_FLAGS, "url", "source", "sha256")}
    settings = SimclrSettings(exact_padding=not given.pop("no_exact_padding"), **given)
    checkpoint = chosen_checkpoint(settings)
    if args.list:
        names = checkpoint.all_files if args.keep_tf else checkpoint.needed_files
        files = [(name, f"{(args.url or checkpoint.url).rstrip('/')}/{name}") for name in names]
        print(files_listing(args.model, files, args.sha256, args.json))
        return 0
    log.info("%s: %s\nlicence: %s", args.model, MODEL_FILES[args.model].source, MODEL_FILES[args.model].licence)
    result = fetch_simclr(settings, partial(_receive, args))
    print(json.dumps(result, indent=1) if args.json else result_text(result, args.cache_dir))
    return 0


def _refuse_simclr_flags(args: argparse.Namespace) -> None:
    for flag in SIMCLR_FLAGS:
        if getattr(args, flag):
            raise UsageError(f"--{flag}: is for the models of simclr, {args.model} has no use for it; leave it out")


if __name__ == "__main__":
    sys.exit(main(parse_args()))
