"""Let a scripted person answer the review's queue truthfully, and measure the clusters after every answer.

The person is shown what the page shows first, says "same" or "different" as the labels say of the two photos, and does
nothing else. Then the corrections are applied, and create_clusters.py runs again on what was decided: the last row.

Reads   --work_dir as run_pipeline.py leaves it, and --labels; nothing is written there: the results are copied
Prints  a Markdown table: after so many answers, of which so many "same", the measures of the clusters

Example: python benchmarks/bench_review.py --work_dir work/buildings --labels labels.csv >> benchmarks/review.md
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import header  # noqa: E402
from clustering.evaluation import Evaluation, evaluate, number_groups  # noqa: E402
from stages.cluster import create_clusters  # noqa: E402
from stages.evaluate import evaluate_clusters, match_labels  # noqa: E402
from storage.formats.labels import SINGLE_LABEL, read_labels  # noqa: E402
from web.review.answers import key_of  # noqa: E402
from web.review.regroup import Regrouping  # noqa: E402
from web.review.review import Folders, Review  # noqa: E402

SHOWN = (0, 1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 150, 200)
RESULTS = ("clusters.json", "clusters_info.json")
GOAL = 0.95


def open_copy(work_dir: Path, folder: Path) -> Review:
    """Open a review of a work folder whose results are copied to ``folder``, without decisions."""
    for name in RESULTS:
        shutil.copy(work_dir / "results" / name, folder / name)
    return Review(Folders(work_dir / "datasets", work_dir / "netvlad", folder))


def number_labels(review: Review, labels_path: Path) -> list[int]:
    """Give the true group of each photo, different for those that are alone of their kind or have no label."""
    names = review.state.names[: review.state.num_photos]
    label_of, _ = match_labels(names, read_labels(labels_path))
    numbers: dict[str, int] = {}
    true = []
    for photo, name in enumerate(names):
        label = label_of.get(name, SINGLE_LABEL)
        is_single = label == SINGLE_LABEL
        true.append(-2 - photo if is_single else numbers.setdefault(label, len(numbers)))
    return [int(number) for number in number_groups(true)]


def answer_queue(review: Review, true: Sequence[int], most: int) -> Iterator[tuple[int, int, Evaluation]]:
    """Answer question after question; give answers, those that were "same", and the measures after each."""
    num_same = 0
    yield 0, 0, evaluate(true, review.state.owner)
    for count in range(1, most + 1):
        item = next(review.fresh_queue().items(), None)
        if item is None:
            return
        one, two = item.pair
        is_same = true[one] == true[two]
        num_same += is_same
        said = "same" if is_same else "different"
        review.session.do(review.bonds, {"action": "answer", "key": key_of(review.state, item.pair), "answer": said})
        yield count, num_same, evaluate(true, review.state.owner)


def row(label: str, num_same: int | str, found: Evaluation) -> str:
    """Give a row of the table."""
    measures = (found.bcubed_f1, found.bcubed_precision, found.bcubed_recall, found.pairwise_f1)
    return f"| {label} | {num_same} | {' | '.join(f'{value:.4f}' for value in measures)} | {found.num_moves} |"


def measure(work_dir: Path, labels_path: Path, most: int) -> Iterator[str]:
    """Give the lines of the table."""
    with tempfile.TemporaryDirectory() as folder:
        review = open_copy(work_dir, Path(folder))
        true = number_labels(review, labels_path)
        started, reached, count = time.perf_counter(), None, 0
        yield '| answers | "same" | B-cubed F1 | precision | recall | pairwise F1 | single-photo moves left |'
        yield "|---|---|---|---|---|---|---|"
        for count, num_same, found in answer_queue(review, true, most):
            if reached is None and found.bcubed_f1 >= GOAL:
                reached = count
            if count in SHOWN or count == reached:
                yield row(str(count), num_same, found)
        seconds = (time.perf_counter() - started) / max(count, 1)
        regrouping = Regrouping(review)
        regrouping.apply()
        create_clusters(regrouping.settings())
        yield row("create_clusters.py run again", "", evaluate_clusters(Path(folder) / RESULTS[0], labels_path))
        yield ""
        goal = "not reached" if reached is None else f"reached after {reached} answers"
        yield f"B-cubed F1 {GOAL}: {goal}. Question and answer took {1000 * seconds:.0f} ms in the mean."


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table of one collection."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work_dir", type=Path, required=True, help="work folder of run_pipeline.py")
    parser.add_argument("--labels", type=Path, required=True, help="CSV file with the columns path,building")
    parser.add_argument("--max_answers", type=int, default=100, help="answers that the person gives")
    args = parser.parse_args(argv)
    print(header(f"{args.work_dir.name}: a person who answers the queue truthfully"))
    for line in measure(args.work_dir, args.labels, args.max_answers):
        print(line, flush=True)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
