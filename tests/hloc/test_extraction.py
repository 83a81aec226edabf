from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from hloc.extraction import Extraction, extract
from hloc.extractors.base import Extractor
from hloc.feature_run import FeatureRun, Resources
from storage.errors import StageError, UsageError
from storage.formats.features import read_features
from tests.drawn_photos import draw_photo, save_photos
from tests.fake_models import CentredColour, MeanColour
from tests.watched_calls import states

MODELS = [MeanColour, CentredColour]


def run_extraction(folder: Path, names: list[str], model: Extractor | None = None, **options: object) -> Extraction:
    overwrite = bool(options.pop("overwrite", False))
    half = bool(options.pop("half", False))
    resources = Resources(**{"num_workers": 0, **options})  # type: ignore[arg-type]
    path = folder / "out" / "features.h5"
    return extract(FeatureRun(folder / "photos", path, model or MeanColour(), half, resources), names, overwrite)


@pytest.fixture
def names(tmp_path: Path) -> list[str]:
    return save_photos(tmp_path / "photos", 40)


@pytest.mark.parametrize("model", MODELS)
def test_every_photo_gets_a_unit_vector_in_sorted_order(tmp_path: Path, names: list[str], model: type) -> None:
    result = run_extraction(tmp_path, names, model())
    features = read_features(tmp_path / "out" / "features.h5")
    assert list(features.names) == names == result.computed
    np.testing.assert_allclose(np.linalg.norm(features.descriptors, axis=1), 1, rtol=1e-5)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["features.h5"]


@pytest.mark.parametrize("model", MODELS)
def test_a_second_run_writes_nothing(tmp_path: Path, names: list[str], model: type) -> None:
    run_extraction(tmp_path, names, model())
    before = states(tmp_path / "out")
    result = run_extraction(tmp_path, names, model())
    assert result.is_current and result.computed == []
    assert states(tmp_path / "out") == before


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("options", [{"num_workers": 2}, {"batch_size": 7}])
def test_workers_and_batches_change_no_byte(
    tmp_path: Path, names: list[str], model: type, options: dict[str, int]
) -> None:
    run_extraction(tmp_path, names, model())
    expected = (tmp_path / "out" / "features.h5").read_bytes()
    shutil.rmtree(tmp_path / "out")
    run_extraction(tmp_path, names, model(), **options)
    assert (tmp_path / "out" / "features.h5").read_bytes() == expected


@pytest.mark.parametrize("model", MODELS)
def test_bad_photos_change_no_descriptor_of_the_others(tmp_path: Path, names: list[str], model: type) -> None:
    expected = run_extraction(tmp_path, names, model()).features.descriptors
    bad = ["bad.jpg", "odd.png", "photo_0005.jpg"]
    for name in bad:
        (tmp_path / "photos" / name).write_bytes(b"\xff\xd8\xff damaged")
    result = run_extraction(tmp_path, sorted([*names, *bad]), model(), overwrite=True)
    assert [photo.name for photo in result.features.skipped] == sorted(bad)
    np.testing.assert_array_equal(result.features.descriptors, expected)


def test_exactly_the_replaced_photo_is_computed_anew(tmp_path: Path, names: list[str]) -> None:
    former = run_extraction(tmp_path, names).features
    draw_photo(999).save(tmp_path / "photos" / names[7])
    result = run_extraction(tmp_path, names)
    assert result.computed == [names[7]]
    differs = (result.features.descriptors != former.descriptors).any(axis=1)
    assert np.flatnonzero(differs).tolist() == [7]


def test_a_photo_of_equal_size_and_time_but_other_content_is_told_by_overwrite_only(
    tmp_path: Path, names: list[str]
) -> None:
    run_extraction(tmp_path, names)
    os.utime(tmp_path / "photos" / names[3])
    assert run_extraction(tmp_path, names).computed == []
    assert run_extraction(tmp_path, names, overwrite=True).computed == names


def test_added_photos_are_computed_and_deleted_ones_leave_the_file(tmp_path: Path, names: list[str]) -> None:
    run_extraction(tmp_path, names[:30])
    result = run_extraction(tmp_path, names[5:])
    assert result.computed == names[30:]
    assert list(read_features(tmp_path / "out" / "features.h5").names) == names[5:]


def test_a_photo_that_is_mended_is_taken_in(tmp_path: Path, names: list[str]) -> None:
    path = tmp_path / "photos" / names[0]
    content = path.read_bytes()
    path.write_bytes(content[:200])
    assert [photo.name for photo in run_extraction(tmp_path, names).features.skipped] == [names[0]]
    path.write_bytes(content)
    result = run_extraction(tmp_path, names)
    assert result.computed == [names[0]] and not result.features.skipped


def test_other_settings_are_refused_and_the_flag_is_named(tmp_path: Path, names: list[str]) -> None:
    run_extraction(tmp_path, names, MeanColour(resize=1))
    with pytest.raises(UsageError, match=r"--resize 1, this call has --resize 2"):
        run_extraction(tmp_path, names, MeanColour(resize=2))
    with pytest.raises(UsageError, match="--half False, this call has --half True"):
        run_extraction(tmp_path, names, MeanColour(resize=1), half=True)


def test_what_was_learnt_stays_when_photos_are_added(tmp_path: Path, names: list[str]) -> None:
    former = run_extraction(tmp_path, names[:20], CentredColour()).features
    result = run_extraction(tmp_path, names, CentredColour()).features
    np.testing.assert_array_equal(result.descriptors[:20], former.descriptors)
    np.testing.assert_array_equal(result.state["mean"], former.state["mean"])


def test_no_usable_photo_is_an_error_and_leaves_the_former_file(tmp_path: Path, names: list[str]) -> None:
    run_extraction(tmp_path, names[:4])
    before = (tmp_path / "out" / "features.h5").read_bytes()
    for name in names[:4]:
        (tmp_path / "photos" / name).write_bytes(b"")
    with pytest.raises(StageError, match="none of the 4 photos"):
        run_extraction(tmp_path, names[:4])
    assert (tmp_path / "out" / "features.h5").read_bytes() == before


def test_losing_most_photos_is_an_error_unless_meant(tmp_path: Path, names: list[str]) -> None:
    run_extraction(tmp_path, names)
    with pytest.raises(StageError, match="30 of the 40 photos"):
        run_extraction(tmp_path, names[:10])
    assert len(run_extraction(tmp_path, names[:10], overwrite=True).features.names) == 10


def test_a_damaged_features_file_is_made_anew(tmp_path: Path, names: list[str]) -> None:
    run_extraction(tmp_path, names)
    path = tmp_path / "out" / "features.h5"
    expected = path.read_bytes()
    path.write_bytes(expected[:-100])
    run_extraction(tmp_path, names)
    assert path.read_bytes() == expected


def test_what_a_run_left_that_was_killed_while_it_wrote_what_it_learnt_is_removed(
    tmp_path: Path, names: list[str]
) -> None:
    folder = tmp_path / "out" / "features.shards"
    folder.mkdir(parents=True)
    (folder / ".state.h5.0a1b2c3d.tmp").write_bytes(b"half")
    run_extraction(tmp_path, names, CentredColour())
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["features.h5"]


def test_shards_of_a_run_that_was_killed_when_its_file_stood_are_removed(tmp_path: Path, names: list[str]) -> None:
    run_extraction(tmp_path, names)
    folder = tmp_path / "out" / "features.shards" / "descriptors"
    folder.mkdir(parents=True)
    assert run_extraction(tmp_path, names).is_current
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["features.h5"]


KILLED_RUN = """
import sys
from pathlib import Path
from hloc.extraction import extract
from hloc.feature_run import FeatureRun, Resources
from tests.fake_models import Slow
if __name__ == "__main__":
    folder = Path(sys.argv[1])
    names = sorted(path.name for path in (folder / "photos").iterdir())
    extract(FeatureRun(folder / "photos", folder / "out" / "features.h5", Slow(), resources=Resources(1)), names)
"""


def test_killed_at_random_moments_it_resumes_to_the_same_bytes(tmp_path: Path, root_dir: Path) -> None:
    save_photos(tmp_path / "photos", 100)
    script = tmp_path / "run.py"
    script.write_text(KILLED_RUN)
    environment = {**os.environ, "PYTHONPATH": str(root_dir)}
    command = [sys.executable, str(script), str(tmp_path)]
    subprocess.run(command, env=environment, check=True, timeout=120)
    expected = (tmp_path / "out" / "features.h5").read_bytes()
    shutil.rmtree(tmp_path / "out")
    random, kills = np.random.default_rng(0), 0
    for _ in range(10):
        process = subprocess.Popen(command, env=environment)
        time.sleep(float(random.uniform(0.2, 2.5)))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL if os.name != "nt" else signal.SIGTERM)
            kills += 1
        process.wait()
    subprocess.run(command, env=environment, check=True, timeout=120)
    assert kills >= 3
    assert (tmp_path / "out" / "features.h5").read_bytes() == expected
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["features.h5"]
