"""What ``docs/adding.md`` tells to do, done to the letter in a copy of the program."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from storage.formats.pairs import write_pairs
from tests.clustering.features.drawn_vectors import draw_groups
from tests.conftest import ROOT
from tests.drawn_photos import save_photos
from tests.stages.drawn_features import write_vectors

ROOMS = ("storage", "networks", "hloc", "clustering", "segmentation", "attacks", "stages", "web", "tools")
TEXT = (ROOT / "docs" / "adding.md").read_text(encoding="utf-8")
FOLDERS = ("--image_dir", "datasets", "--outputs_dir", "netvlad")


@dataclass(frozen=True)
class Example:
    """One section of the page."""

    path: str
    code: str
    registry: str
    line: str
    command: list[str]


def examples() -> dict[str, Example]:
    found = {}
    for section in TEXT.split("\n## ")[1:]:
        code, line, command = re.findall(r"```\w*\n(.*?)\n```", section, re.DOTALL)[:3]
        path = re.findall(r"`([\w/]+\.py)`:\n", section)[0]
        registry = re.findall(r"The line in `([\w/]+\.py)`", section)[0]
        found[section.split("\n")[0]] = Example(path, code, registry, line, command.split())
    return found


EXAMPLES = examples()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the program with all that the page adds, a work folder in it, and 15 photos."""
    copy = tmp_path_factory.mktemp("program")
    for room in ROOMS:
        shutil.copytree(ROOT / room, copy / room, ignore=shutil.ignore_patterns("__pycache__", "street", "static"))
    for script in ROOT.glob("*.py"):
        shutil.copy(script, copy)
    for example in EXAMPLES.values():
        assert not (copy / example.path).exists()
        (copy / example.path).write_text(example.code + "\n", encoding="utf-8")
        registry = copy / example.registry
        text = registry.read_text(encoding="utf-8")
        added = re.sub(r"(^[A-Z_]+(?:: dict\[\w+, \w+\])? = \{\n)", rf"\1{example.line}\n", text, count=1, flags=re.M)
        assert added.count(example.line) == 1
        registry.write_text(added, encoding="utf-8")
    names = save_photos(copy / "datasets", 15)
    write_vectors(copy / "netvlad", names, draw_groups([6, 5, 4], dimension=10)[0])
    rows = [(names[0], names[1], 0.95), (names[1], names[2], 0.9), (names[2], names[3], 0.85)]
    write_pairs(copy / "netvlad" / "pairs-vlad.txt", rows, {"model": "vlad"})
    return copy


def run(program: Path, command: list[str], *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command[1:], *more], cwd=program, capture_output=True, text=True, timeout=240
    )


def done(program: Path, section: str, *more: str) -> subprocess.CompletedProcess[str]:
    result = run(program, EXAMPLES[section].command, "--quiet", *more)
    assert result.returncode == 0, result.stderr
    return result


def info_of(folder: Path) -> dict[str, object]:
    content: dict[str, object] = json.loads((folder / "clusters_info.json").read_text(encoding="utf-8"))
    return content


def test_the_page_has_an_example_of_each_of_the_five() -> None:
    assert [section.split()[-1] for section in EXAMPLES] == ["pairs", "descriptors", "matcher", "model", "similarity"]


def test_an_added_clusterer_of_pairs_groups_by_its_own_parameter(program: Path) -> None:
    done(program, "A clusterer of pairs", *FOLDERS, "--results_dir", "by_pairs")
    clusters = json.loads((program / "by_pairs" / "clusters.json").read_text(encoding="utf-8"))
    assert clusters["0"] == ["photo_000.jpg", "photo_001.jpg"] and len(clusters) == 3
    info = info_of(program / "by_pairs")
    assert info["method"] == "best_links"
    assert info["settings"] == {"strong_edg_thresh": 0.3, "weak_edg_thresh": 0.15, "max_links": 1}


def test_flags_of_an_added_clusterer_of_pairs_are_its_own(program: Path) -> None:
    others = run(program, ["python", "create_clusters.py", "--method", "specified", "--max_links", "2"], *FOLDERS)
    assert others.returncode == 2 and "--max_links belongs to --method best_links" in others.stderr
    command = ["python", "create_clusters.py", "--method", "best_links", *FOLDERS]
    for flags, said in ((("--max_links", "0"), "must be 1 or more"), (("--file_order",), "belongs to")):
        refused = run(program, command, *flags)
        assert refused.returncode == 2 and said in refused.stderr


def test_an_added_clusterer_of_descriptors_tries_its_own_values(program: Path) -> None:
    done(program, "A clusterer of descriptors", *FOLDERS, "--results_dir", "by_features")
    table = (program / "by_features" / "cluster_features" / "selection.csv").read_text(encoding="utf-8").splitlines()
    assert "radius" in table[0].split(",") and [row.split(",")[1] for row in table[1:]] == ["leader", "leader"]
    assert info_of(program / "by_features")["method"] == "leader"
    refused = run(program, ["python", "-m", "tools.cluster_features", "--algorithm", "kmeans", "--radius", "1"])
    assert refused.returncode == 2 and "--radius belongs to --algorithm leader" in refused.stderr


def test_an_added_matcher_verifies_pairs(program: Path) -> None:
    done(program, "A matcher", *FOLDERS, "--pairs_file", "netvlad/pairs-vlad.txt", "--num_workers", "0")
    assert list((program / "netvlad").glob("local-feats-rootsift_strict-*"))


def test_an_added_model_describes_photos_and_refuses_what_it_does_not_understand(program: Path) -> None:
    places = ("--image_dir", "datasets", "--outputs_dir", "described", "--num_workers", "0")
    done(program, "A model", *places)
    assert (program / "described" / "global-feats-colours.h5").is_file()
    for flags in (("--resize_max", "500"), ("--weights", "some.h5"), ("--engine", "torch")):
        refused = run(program, EXAMPLES["A model"].command, *places, *flags)
        assert refused.returncode == 2 and f"{flags[0]} {flags[1]}: --model colours has no use for it" in refused.stderr


def test_an_added_similarity_compares_photos(program: Path) -> None:
    done(
        program, "A classical similarity", "--image_dir", "datasets", "--outputs_dir", "compared", "--num_workers", "0"
    )
    assert (program / "compared" / "pairs-brightness.txt").is_file()


@pytest.mark.parametrize(
    ("script", "word"),
    [("create_clusters.py", "max_links"), ("match_pairs.py", "rootsift_strict")],
)
def test_help_shows_what_was_added(program: Path, script: str, word: str) -> None:
    shown = run(program, ["python", script, "--help"])
    assert shown.returncode == 0 and word in shown.stdout
