from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import copy_images
from stages.command_line import INTERRUPTED
from stages.settings.pipeline import CopySettings
from tests.drawn_photos import save_photos


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    save_photos(tmp_path / "photos", 2)
    return tmp_path / "photos"


def run(*args: str) -> int:
    return copy_images.main(copy_images.parse_args(args))


def test_defaults_are_those_of_the_settings() -> None:
    args = copy_images.parse_args(["--image_dir", "photos"])
    settings = CopySettings(Path("photos"))
    for name in ("image_dir", "export_dir", "mode", "dry_run", "follow_links", "prune", "afresh"):
        assert getattr(args, name) == getattr(settings, name)


def test_photos_are_copied_to_datasets(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--image_dir", "photos") == 0
    assert sorted(path.name for path in Path("datasets/photos").iterdir()) == ["photo_000.jpg", "photo_001.jpg"]
    output = capsys.readouterr()
    assert "copied: 2" in output.out
    assert "datasets" in output.out
    assert output.err == ""


def test_hyphens_are_taken_too(source: Path) -> None:
    assert run("--image-dir", "photos", "--export-dir", "work", "--dry-run") == 0
    assert not Path("work").exists()


def test_dry_run_prints_the_plan(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--image_dir", "photos", "--dry_run") == 0
    assert f"{source / 'photo_001.jpg'}: {Path('datasets/photos/photo_001.jpg')}" in capsys.readouterr().out
    assert not Path("datasets").exists()


def test_json_is_the_report(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--image_dir", "photos", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["stage"], report["counts"]["copied"], report["exit_code"]) == ("copy_images", 2, 0)


def test_skipped_photo_gives_three(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    foreign = Path("datasets/photos/photo_000.jpg")
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes(b"mine")
    assert run("--image_dir", "photos") == 3
    assert "'photos/photo_000.jpg': another file stands" in capsys.readouterr().out


def test_missing_source_gives_one_and_one_line(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--image_dir", "nowhere") == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("error: ")
    assert output.err.count("\n") == 1
    assert "nowhere" in output.err
    assert not Path("datasets").exists()


def test_output_in_the_source_gives_two(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--image_dir", "photos", "--export_dir", "photos/copies") == 2
    assert "--export_dir photos" in capsys.readouterr().err


@pytest.mark.parametrize("args", [[], ["--image_dir", "photos", "--mode", "move"], ["--image_dir", "a", "--imagedir"]])
def test_wrong_call_gives_two(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ending:
        copy_images.parse_args(args)
    assert ending.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_interrupt_gives_130_and_says_to_go_on(
    source: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("stages.copy.transfer", interrupt)
    assert run("--image_dir", "photos") == INTERRUPTED
    assert "same command again" in capsys.readouterr().err
    monkeypatch.undo()
    assert run("--image_dir", str(source), "--export_dir", str(source.parent / "datasets")) == 0


def test_help_answers_quickly_and_without_heavy_imports(root_dir: Path) -> None:
    code = (
        "import sys, copy_images\n"
        "try: copy_images.parse_args(['--help'])\n"
        "except SystemExit: pass\n"
        "print('heavy:', sorted({'numpy', 'PIL', 'cv2', 'h5py', 'torch'} & set(sys.modules)))\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=root_dir, capture_output=True, text=True, check=True)
    assert "Example: python copy_images.py" in ended.stdout
    assert ended.stdout.rstrip().endswith("heavy: []")


@pytest.mark.skipif(os.name == "nt", reason="signals are another matter on Windows")
def test_terminated_script_can_be_run_again(tmp_path: Path, root_dir: Path) -> None:
    save_photos(tmp_path / "photos", 200)
    command = [sys.executable, str(root_dir / "copy_images.py"), "--image_dir", "photos", "--quiet"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        until = time.monotonic() + 30
        while not any(tmp_path.glob("datasets/photos/*.jpg")) and time.monotonic() < until:
            pass
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) in (143, 0)
    assert subprocess.run(command, cwd=tmp_path, stdout=subprocess.DEVNULL).returncode == 0
    assert len(list((tmp_path / "datasets/photos").iterdir())) == 200
