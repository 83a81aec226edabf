"""R22: every photo that goes in is in one cluster, alone, or skipped and named."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.errors import StageError
from tests.reliability.campaign import Campaign
from tests.reliability.quick_stages import QuickStages, tiny_photo

GOOD = tiny_photo(1)
CONTENTS = {
    "good": lambda number: tiny_photo(number),
    "twin": lambda number: GOOD,
    "empty": lambda number: b"",
    "text": lambda number: b"no photo",
    "cut": lambda number: tiny_photo(number)[:150],
}
NAMES = st.text(st.sampled_from("aAbB1 ._-,;äß\u0301中'\"&%$#@!~"), min_size=1, max_size=8)
PHOTOS = st.dictionaries(NAMES, st.sampled_from(sorted(CONTENTS)), min_size=1, max_size=7)
SCORES = st.sampled_from([0.1, 0.9982, 0.9995])


def draw(folder: Path, photos: dict[str, str]) -> list[str]:
    """Write photos whose names differ whatever the file system; give what they are."""
    names = {name.casefold().strip(". ").lstrip(".") or "x": name for name in photos}
    for number, (stem, name) in enumerate(sorted(names.items())):
        path = folder / ("sub" if number % 3 == 0 else "") / f"{number}{stem}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(CONTENTS[photos[name]](number))
    return [photos[name] for name in names.values()]


def check_reports(work: QuickStages, count: int, **given: float) -> None:
    """Run all stages but matching and check the numbers of each, and that each photo is in one place."""
    copied = work.copy()
    assert copied.counts["copied"] == count == copied.counts["photos"]
    described = work.extract()
    assert described.counts["described"] + described.counts["skipped"] == count == described.counts["photos"]
    clustered = work.cluster(**given)
    numbers = clustered.counts
    assert numbers["clustered"] + numbers["singletons"] + numbers["skipped"] == count == numbers["photos"]
    assert clustered.exit_code == described.exit_code == (3 if described.skipped else 0)
    clusters = json.loads((work.results / "clusters.json").read_text(encoding="utf-8"))
    info = json.loads((work.results / "clusters_info.json").read_text(encoding="utf-8"))
    places = Counter(name for names in clusters.values() for name in names)
    places.update(photo["name"] for photo in info["skipped"])
    assert set(places.values()) == {1} and len(places) == count
    assert {photo.name for photo in described.skipped} == {photo["name"] for photo in info["skipped"]}
    exported = work.export()
    files = [path for path in (work.results / "building_images").rglob("*") if path.is_file()]
    assert exported.counts["exported"] == len(files) == count == exported.counts["photos"]


def test_no_photo_is_lost_between_the_stages(campaign: Campaign, tmp_path: Path) -> None:
    @settings(
        max_examples=campaign.count(15, 2_000), database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(PHOTOS, SCORES, SCORES)
    def attempt_one(photos: dict[str, str], strong: float, weak: float) -> None:
        campaign.done += 1
        with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
            work = QuickStages(Path(folder))
            kinds = draw(work.photos, photos)
            try:
                check_reports(work, len(kinds), strong_edg_thresh=max(strong, weak), weak_edg_thresh=min(strong, weak))
            except StageError as error:
                assert "none of the" in str(error) and not {"good", "twin"} & set(kinds), error

    try:
        attempt_one()
    except Exception as error:
        campaign.failures.append(repr(error))
        raise
