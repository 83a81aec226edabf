"""The stage of ``tools.plot_features``: page content, pictures, sheets, exports."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from stages.plot import GREY, plot_features
from stages.plotting.inputs import read_plot_inputs
from stages.plotting.tiles import SHEET_COLUMNS, TILE
from stages.settings.tools import PlotSettings
from stages.work_places import WorkPlaces
from storage.errors import StageError, UsageError
from storage.formats.clusters import write_clusters_info
from tests.drawn_collection import HOSTILE, draw_collection, write_drawn_features
from tests.drawn_photos import save_photos
from tests.watched_calls import file_states


def run(work_dir: Path, **given: Any) -> Any:
    settings = {"methods": ("pca",), "num_workers": 0} | given
    return plot_features(PlotSettings(work_dir, output_dir=work_dir / "out", **settings), json.dumps)


def content_of(work_dir: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((work_dir / "out" / "map.html").read_text(encoding="utf-8"))
    return content


def test_every_photo_has_a_place_a_cluster_and_a_tile(tmp_path: Path) -> None:
    names = draw_collection(tmp_path)
    report = run(tmp_path, methods=("tsne", "pca"))
    content = content_of(tmp_path)
    assert content["names"] == names and [len(one["x"]) for one in content["maps"]] == [12, 12]
    assert [one["name"] for one in content["maps"]] == ["t-SNE", "PCA"]
    assert content["labels"] == [*(number % 4 for number in range(11)), -1]
    assert sorted(content["tiles"]) == list(range(12))
    assert report.counts == {"photos": 12, "clusters": 4, "photos_alone": 1, "dimensions": 16}


def test_the_tile_of_a_photo_on_its_sheet_is_that_photo(tmp_path: Path) -> None:
    names = draw_collection(tmp_path)
    run(tmp_path)
    content = content_of(tmp_path)
    with Image.open(tmp_path / "out" / content["sheets"][0]) as image:
        sheet = np.asarray(image).astype(int)
    for name, tile in zip(names, content["tiles"], strict=True):
        row, column = divmod(tile, SHEET_COLUMNS)
        found = sheet[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]
        with Image.open(tmp_path / "datasets" / name) as photo:
            expected = np.asarray(photo.convert("RGB").crop((8, 0, 40, 32)).resize((TILE, TILE))).astype(int)
        assert np.abs(found - expected).mean() < 12


def test_the_pictures_of_the_page_lie_in_folders_beside_it(tmp_path: Path) -> None:
    draw_collection(tmp_path, extra=HOSTILE)
    report = run(tmp_path)
    content = content_of(tmp_path)
    for place in [*content["sheets"], *filter(None, content["photos"])]:
        assert (tmp_path / "out" / place).is_file() and ".." not in place
    assert content["photos"].count(None) == len(HOSTILE)
    assert sorted(photo.name for photo in report.skipped) == sorted(HOSTILE) and report.exit_code == 3


def test_a_second_run_changes_no_file(tmp_path: Path) -> None:
    draw_collection(tmp_path)
    assert run(tmp_path).is_current is False
    before = file_states(tmp_path)
    assert run(tmp_path).is_current is True
    assert file_states(tmp_path) == before


def test_the_picture_shows_frames_in_colours_and_grey(tmp_path: Path) -> None:
    draw_collection(tmp_path)
    run(tmp_path)
    content = content_of(tmp_path)
    with Image.open(tmp_path / "out" / "map-pca.png") as image:
        seen = {f"#{red:02x}{green:02x}{blue:02x}" for _, (red, green, blue) in image.getcolors(1 << 24)}
    assert {GREY, *(content["palette"][colour] for _, _, colour, _ in content["clusters"])} <= seen


def test_without_clusters_all_are_grey_and_a_note_says_why(tmp_path: Path) -> None:
    draw_collection(tmp_path)
    (tmp_path / "results" / "clusters.json").unlink()
    report = run(tmp_path)
    assert content_of(tmp_path)["clusters"] == [] and any("create_clusters.py" in note for note in report.notes)


def test_names_that_a_person_gave_are_shown(tmp_path: Path) -> None:
    draw_collection(tmp_path)
    write_clusters_info(
        tmp_path / "results" / "clusters_info.json", {"model": "vlad", "clusters": {"2": {"name": "Mill"}}}
    )
    run(tmp_path)
    assert [title for number, _, _, title in content_of(tmp_path)["clusters"] if number == 2] == ["Mill"]


def test_the_projector_and_the_table_hold_every_photo(tmp_path: Path) -> None:
    names = draw_collection(tmp_path)
    has_pyarrow = importlib.util.find_spec("pyarrow") is not None
    table = tmp_path / "map.parquet" if has_pyarrow else None
    report = run(tmp_path, projector=tmp_path / "projector", parquet=table)
    lines = (tmp_path / "projector" / "metadata.tsv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "name\tcluster\tcluster_name" and [line.split("\t")[0] for line in lines[1:]] == names
    assert np.loadtxt(tmp_path / "projector" / "vectors.tsv").shape == (12, 16)
    assert ("parquet" in report.outputs) == has_pyarrow


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"methods": ("lle",)}, "--methods lle"),
        ({"methods": ()}, "--methods needs one or more"),
        ({"perplexity": 0.5}, "--perplexity is 0.5"),
        ({"seed": -1}, "--seed is -1"),
    ],
)
def test_a_wrong_call_names_flag_and_value(tmp_path: Path, given: dict[str, Any], said: str) -> None:
    draw_collection(tmp_path, 3)
    with pytest.raises(UsageError, match=said):
        run(tmp_path, **given)


def test_results_among_the_photos_are_refused(tmp_path: Path) -> None:
    draw_collection(tmp_path, 3)
    with pytest.raises(UsageError, match="--output_dir"):
        plot_features(PlotSettings(tmp_path, output_dir=tmp_path / "datasets" / "map"), json.dumps)


# -- inputs


def places(work_dir: Path) -> WorkPlaces:
    return WorkPlaces(work_dir / "datasets", work_dir / "netvlad", work_dir / "results")


def test_the_model_of_the_clusters_comes_before_others(tmp_path: Path) -> None:
    draw_collection(tmp_path)
    source = tmp_path / "netvlad" / "global-feats-vlad.h5"
    (tmp_path / "netvlad" / "global-feats-netvlad.h5").write_bytes(source.read_bytes())
    with pytest.raises(UsageError, match="choose by --model: netvlad, vlad"):
        read_plot_inputs(None, places(tmp_path))
    write_clusters_info(tmp_path / "results" / "clusters_info.json", {"model": "vlad", "clusters": {}})
    assert read_plot_inputs(None, places(tmp_path)).features.model == "vlad"


def test_missing_features_name_the_command_that_makes_them(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"no global-feats-\*.h5 .* extract_features.py"):
        read_plot_inputs(None, places(tmp_path))
    with pytest.raises(StageError, match=r"--model vlad: .*global-feats-vlad.h5 is missing"):
        read_plot_inputs("vlad", places(tmp_path))


def test_photos_of_clusters_without_a_descriptor_are_counted(tmp_path: Path) -> None:
    names = draw_collection(tmp_path)
    write_drawn_features(tmp_path / "netvlad", names[:10])
    inputs = read_plot_inputs(None, places(tmp_path))
    assert len(inputs.labels) == 10 and any("2 photos of the clusters" in note for note in inputs.notes)


def test_a_photo_that_cannot_be_read_is_not_the_end(tmp_path: Path) -> None:
    draw_collection(tmp_path)
    (tmp_path / "datasets" / "photo_003.jpg").write_bytes(b"\xff\xd8\xff no photo")
    run(tmp_path)
    assert content_of(tmp_path)["photos"][3] is None


def test_workers_make_the_same_thumbnails(tmp_path: Path) -> None:
    for folder, num_workers in (("one", 0), ("two", 1)):
        names = save_photos(tmp_path / folder / "datasets", 4)
        write_drawn_features(tmp_path / folder / "netvlad", names)
        run(tmp_path / folder, num_workers=num_workers)
    one, two = ((tmp_path / folder / "out" / "sheets" / "000.jpg").read_bytes() for folder in ("one", "two"))
    assert one == two
