"""Write which photo shows which building, for other programs.

Reads   clusters.json and clusters_info.json of --results_dir; for coco the sizes of the photos in --image_dir
Writes  --output, or a name of the format's own in RESULTS_DIR/labels:
          csv       labels.csv: path,building,cluster,is_representative; tools.evaluate_clusters reads it
          coco      coco.json: COCO-style, a category per building, a box round each whole photo
          fiftyone  fiftyone.json: labels of a FiftyOneImageClassificationDataset
          parquet   labels.parquet: as csv; needs pip install pyarrow
          xmp       xmp/PHOTO.jpg.xmp: sidecars with the building's name as a keyword. --output datasets puts them
                    beside the copies. Nothing is written into a photo; a sidecar of somebody else stays as it is

Example: python -m tools.export_labels --work_dir work/demo --format xmp
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from stages.command_line import ScriptParser, exit_codes, print_report
from stages.settings.tools import LabelsSettings
from stages.work_places import work_places
from storage.label_formats import LABEL_FORMATS


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    default = LabelsSettings()
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("--work_dir", type=Path, help="work folder of run_pipeline.py, with datasets/ and results/ in it")
    add("--image_dir", type=Path, help="folder of photos; default: WORK_DIR/datasets")
    add("--results_dir", type=Path, help="folder of the clusters; default: WORK_DIR/results")
    add("--format", dest="label_format", choices=sorted(LABEL_FORMATS), default=default.label_format, help="see above")
    add("--output", type=Path, help="file, or folder of sidecars; default: see above")
    add("--follow_links", action="store_true", help="follow symbolic links in the image folder")
    return parser.parse_args(argv)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Write the labels and print what was done."""
    from stages.export_labels import export_labels

    given = {key: value for key, value in vars(args).items() if key not in ("quiet", "json", "work_dir")}
    places = work_places(args)
    given |= {"image_dir": places.image_dir, "results_dir": places.results_dir}
    return print_report(export_labels(LabelsSettings(**given)), args)


if __name__ == "__main__":
    sys.exit(main(parse_args()))
