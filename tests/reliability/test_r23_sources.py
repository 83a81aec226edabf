"""R23: no source runs what a file says, and everything that is fetched has its sum."""

from __future__ import annotations

import ast

import pytest

from storage.hub_code import HUB_CODE
from storage.model_files import MODEL_FILES
from tests.conftest import ROOT
from tests.reliability.campaign import Campaign

FORBIDDEN_CALLS = {
    "eval", "exec", "compile_command", "pickle.load", "pickle.loads", "pickle.Unpickler", "cPickle.load",
    "dill.load",
    "dill.loads", "joblib.load", "cloudpickle.load", "cloudpickle.loads", "marshal.load", "marshal.loads",
    "shelve.open",
    "yaml.load", "yaml.unsafe_load", "os.system", "os.popen", "torch.jit.load", "pandas.read_pickle", "pd.read_pickle",
    "subprocess.getoutput", "subprocess.getstatusoutput",
}  # fmt: skip
FORBIDDEN_FLAGS = {("weights_only", False), ("allow_pickle", True), ("shell", True)}
FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "joblib", "cloudpickle", "marshal", "shelve"}


WORDS = {f"{call.rpartition('.')[2]}(" for call in FORBIDDEN_CALLS} | FORBIDDEN_MODULES
WORDS |= {flag for flag, _ in FORBIDDEN_FLAGS}


def dotted(node: ast.expr) -> str:
    """Give ``a.b.c`` of a call's function; ``.c`` where it hangs on something else than names."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def dangers(source: str) -> list[str]:
    """Give everything in a source that would run what a file says, with its line."""
    found: list[str] = []
    if not any(word in source for word in WORDS):  # sources are many, and parsing takes time
        return found
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            found += [f"{node.lineno}: import {name}" for name in names if name.split(".")[0] in FORBIDDEN_MODULES]
        if not isinstance(node, ast.Call):
            continue
        name = dotted(node.func)
        flags = {(word.arg, getattr(word.value, "value", None)) for word in node.keywords}
        found += [f"{node.lineno}: {name}"] * (name in FORBIDDEN_CALLS)
        found += [f"{node.lineno}: {name}({flag}={value})" for flag, value in flags & FORBIDDEN_FLAGS]
        if name.endswith("torch.load") and ("weights_only", True) not in flags:
            found.append(f"{node.lineno}: {name} without weights_only=True")
    return found


@pytest.mark.parametrize(
    "line",
    [
        "eval('1')", "exec('1')", "from pickle import loads", "import a, pickle as p",
        "pickle.load(f)",
        "torch.load(f)", "torch.load(f, weights_only=False)", "np.load(f, allow_pickle=True)",
        "subprocess.run('ls', shell=True)", "os.system('ls')", "torch.jit.load(f)",
    ],
)  # fmt: skip
def test_a_danger_is_seen(line: str) -> None:
    assert dangers(line)


@pytest.mark.parametrize(
    "line",
    ["network.eval()", "made().eval()", "re.compile('x')", "torch.load(f, weights_only=True)", "# eval('1')",
     "np.load(f)", "'pickle.load(f)'"],
)  # fmt: skip
def test_what_only_looks_like_one_is_not(line: str) -> None:
    assert not dangers(line)


def test_no_source_runs_what_a_file_says(campaign: Campaign) -> None:
    # Tests set traps, and send what they make to a worker and back: they read no file of others.
    left_out = {".venv", "tests"}
    sources = sorted(path for path in ROOT.rglob("*.py") if not left_out & set(path.relative_to(ROOT).parts))
    for attempt, path in zip(campaign.attempts(len(sources), len(sources)), sources, strict=True):
        with attempt:
            assert not dangers(path.read_text(encoding="utf-8")), path
    assert campaign.done > 500


UNPUBLISHED = {"tokyotm", "cosplace", "eigenplaces"} | {name for name in MODEL_FILES if name.startswith("simclr")}


def test_every_weight_file_has_its_sum_or_is_known_to_have_none() -> None:
    assert {name for name, file in MODEL_FILES.items() if file.sha256 is None} == UNPUBLISHED
    pinned = [file.sha256 for file in MODEL_FILES.values() if file.sha256 is not None]
    assert all(len(sum_) in (8, 64) and set(sum_) <= set("0123456789abcdef") for sum_ in pinned)


def test_all_code_of_others_is_pinned_to_a_revision() -> None:
    assert all(len(one.commit) == 40 for repositories in HUB_CODE.values() for one in repositories)
