"""What ``tools.download_models --list`` says; imports nothing heavy."""

from __future__ import annotations

import json
from collections.abc import Sequence

from storage.hub_code import HUB_CODE
from storage.model_files import MODEL_FILES


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
