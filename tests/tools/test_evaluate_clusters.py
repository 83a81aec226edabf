from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tools.evaluate_clusters import main, parse_args


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    clusters, labels = tmp_path / "clusters.json", tmp_path / "labels.csv"
    clusters.write_text('{"0": ["s/a.jpg", "s/b.jpg", "s/c.jpg"], "-1": ["s/d.jpg"]}', encoding="utf-8")
    labels.write_text("path,building\na.jpg,x\nb.jpg,x\nc.jpg,y\ngone.jpg,y\n", encoding="utf-8")
    return ["--clusters", str(clusters), "--labels", str(labels)]


def test_the_table_shows_every_measure_and_what_was_left_out(files: list[str], capsys: pytest.CaptureFixture) -> None:
    assert main(parse_args(files)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "pairwise precision                    0.3333" in lines
    assert "fewest single-photo moves to mend          1" in lines
    assert lines[-2:] == [
        "left out, labelled but not in the clusters: 1 ('gone.jpg')",
        "left out, in the clusters but not labelled: 1 ('s/d.jpg')",
    ]
    assert len({len(line) for line in lines[:-2]}) == 1


def test_json_holds_the_same(files: list[str], capsys: pytest.CaptureFixture) -> None:
    assert main(parse_args([*files, "--json"])) == 0
    content = json.loads(capsys.readouterr().out)
    assert (content["num_photos"], content["num_moves"], content["missing"]) == (3, 1, ["gone.jpg"])


def test_many_left_out_photos_are_counted_and_only_some_named(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    names = [f"{number:02}.jpg" for number in range(20)]
    (tmp_path / "clusters.json").write_text(json.dumps({"0": names, "-1": []}), encoding="utf-8")
    (tmp_path / "labels.csv").write_text("path,building\n00.jpg,x", encoding="utf-8")
    main(parse_args(["--clusters", str(tmp_path / "clusters.json"), "--labels", str(tmp_path / "labels.csv")]))
    assert "not labelled: 19 ('01.jpg', '02.jpg', '03.jpg', '04.jpg', '05.jpg', ...)" in capsys.readouterr().out


def test_missing_labels_are_one_line_and_exit_code_one(files: list[str], capsys: pytest.CaptureFixture) -> None:
    assert main(parse_args([*files[:2], "--labels", "absent.csv"])) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: absent.csv is missing") and error.count("\n") == 1


def test_labels_must_be_given() -> None:
    with pytest.raises(SystemExit) as caught:
        parse_args([])
    assert caught.value.code == 2


def test_it_runs_as_a_module_and_imports_nothing_heavy_for_its_help(root_dir: Path) -> None:
    code = (
        "import sys; sys.argv = ['evaluate_clusters', '--labels', 'x']; import tools.evaluate_clusters as tool; "
        "tool.parse_args(); print(sorted({'numpy', 'scipy', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=root_dir, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
