"""What ``tools.download_models`` says; imports nothing heavy."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from storage.hub_code import HUB_CODE
from storage.model_files import MODEL_FILES, cache_folder, cached_path
from storage.simclr_files import MEGABYTES

NETVLAD_FILES = ("netvlad", "tokyotm")
USED_BY = {"vgg19": "python -m tools.train_autoencoder --loss perceptual"}  # where it is no model of its own


def files_listing(model: str, weights: Sequence[tuple[str, str]], sha256: str | None, as_json: bool) -> str:
    """Say what has to be fetched of a model, for those who fetch it on another machine.

    Parameters
    ----------
    model : str
        A key of ``MODEL_FILES``.
    weights : sequence of (name, address)
        The files of its weights.
    sha256 : str or None
        Of the last of them, as far as it is known.
    as_json : bool
        As JSON rather than as lines.
    """
    published, code = MODEL_FILES[model], HUB_CODE.get(model, ())
    files = [{"name": name, "url": url, "sha256": None} for name, url in weights]
    files[-1]["sha256"] = sha256
    files += [{"name": part.archive_name, "url": part.url, "sha256": None} for part in code]
    if as_json:
        return json.dumps({"model": model, "files": files, "licence": published.licence}, indent=1)
    lines = [f"{model}: {published.source}", f"  licence: {published.licence}"]
    for file in files:
        lines += [f"  {file['url']}", f"    as {file['name']}, sha256 {file['sha256'] or 'not known'}"]
    trust = " --trust_code" if code else ""
    return "\n".join([*lines, f"then: python -m tools.download_models {model} --from FOLDER{trust}"])


def result_text(result: Mapping[str, object], cache_dir: Path) -> str:
    """Say what was done, where the file is, and how it is used.

    Parameters
    ----------
    result : mapping
        ``model``, ``status``, ``path``, ``sha256``, ``is_verified``, maybe ``code``.
    cache_dir : Path
        The cache folder that was written to.
    """
    model, path = result["model"], result["path"]
    lines = [f"{model}: {result['status']}", f"  path: {path}", f"  sha256: {result['sha256']}"]
    if not result["is_verified"]:
        lines.append("  note: nobody published a checksum of this file; this is that of what came, and it can be read")
    code = result.get("code")
    lines += [f"  code: {folder}" for folder in code.values()] if isinstance(code, dict) else []
    is_found = cache_dir == cache_folder() and model != "tokyotm" and path == str(cached_path(str(model)))
    if (model in NETVLAD_FILES or model in MEGABYTES) and not is_found:
        described_by = "netvlad" if model in NETVLAD_FILES else model
        lines.append(f"  use it with: python extract_features.py --model {described_by} --weights {path}")
    elif is_found and model != "netvlad":
        lines.append(f"  use it with: {USED_BY.get(str(model), f'python extract_features.py --model {model}')}")
    elif not is_found:
        lines.append(f"  note: models are looked for in {cache_folder()}; set TORCH_HOME to use another folder")
    return "\n".join(lines)
