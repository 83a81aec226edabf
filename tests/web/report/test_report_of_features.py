"""The report of clusters that were made of descriptors."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from stages.settings.tools import ReportSettings
from tests.clustering.features.drawn_vectors import draw_groups
from tests.stages.drawn_features import draw_work, groups_in, run
from web.report.make import make_report

VECTORS, _ = draw_groups([5, 4, 3], dimension=8)


def test_every_cluster_has_a_page_that_says_what_holds_it(tmp_path: Path) -> None:
    draw_work(tmp_path, np.concatenate((np.pad(VECTORS, ((0, 0), (0, 1))), np.eye(9)[8:])))
    run(tmp_path, algorithm="agglomerative", n_clusters=(4,))
    folders = {"image_dir": "datasets", "outputs_dir": "netvlad", "results_dir": "results"}
    places = {key: tmp_path / folder for key, folder in folders.items()}
    make_report(ReportSettings(**places, num_workers=0, no_contact_sheets=True))
    pages = tmp_path / "results" / "report"
    for key in groups_in(tmp_path):
        if key != "-1":
            text = (pages / "buildings" / f"cluster-{key}.html").read_text(encoding="utf-8")
            assert "strong pairs hold them." in text and "Mean score" in text
    alone = (pages / "singletons.html").read_text(encoding="utf-8")
    assert groups_in(tmp_path)["-1"][0] in alone and "Its descriptor lies near those of no cluster." in alone
