"""Every script that writes, each with drawn inputs so small that it can be run hundreds of times.

The inputs are drawn twice: as they are when an earlier run makes the results that stand, and as they are afterwards,
changed and more, when the run is made that is to be broken off. ``every_script`` has the runs that none breaks off.
"""

from __future__ import annotations

from tests.reliability import drawn_inputs as draw
from tests.reliability.writers import Writer

EXTRACT = "--image_dir photos --outputs_dir netvlad --num_workers 0 --min_score -1"
STAGES = (
    Writer(
        "copy_images",
        "copy_images",
        "--image_dir photos --export_dir datasets",
        draw.draw_photos,
        growing=("manifest.json",),
    ),
    Writer(
        "resize_images", "resize_images", "--image_dir datasets --max_side 40 --num_workers 0", draw.draw_work_of_copies
    ),
    Writer(
        "resize_images beside",
        "resize_images",
        "--image_dir photos --export_dir small --max_side 40 --num_workers 0",
        draw.draw_photos,
        growing=("manifest.json",),
    ),
    Writer("extract_features", "extract_features", f"{EXTRACT} --model mean_colour", draw.draw_photos),
    Writer(
        "extract_features learnt",
        "extract_features",
        f"{EXTRACT} --model mean_colour+centred_colour --layout hloc --pairs_format hdf5",
        draw.draw_photos,
    ),
    Writer(
        "match_pairs",
        "match_pairs",
        "--image_dir datasets --outputs_dir netvlad --num_keypoints 128 --num_workers 0",
        draw.draw_pairs,
        stores=("features-*.h5",),
    ),
    Writer(
        "create_clusters",
        "create_clusters",
        "--image_dir datasets --outputs_dir netvlad --results_dir results",
        draw.draw_pairs,
    ),
    Writer(
        "export_clusters",
        "export_clusters",
        "--image_dir datasets --results_dir results",
        draw.draw_work,
        tree="results/building_images",
        growing=("export.json",),
    ),
    Writer(
        "run_pipeline",
        "run_pipeline",
        "--image_dir photos --work_dir work --max_side 40 --model mean_colour --num_workers 0",
        draw.draw_photos,
        is_light=False,
        growing=("manifest.json", "export.json"),
        tree="work/results/building_images",
        passing=("work/datasets/*",),
        stores=("features-*.h5",),
    ),
)
TOOLS = (
    Writer(
        "calibrate", "tools.calibrate", "--matches matches.h5 --labels labels.csv --output fit.json", draw.draw_matches
    ),
    Writer(
        "cluster_features",
        "tools.cluster_features",
        "--image_dir datasets --outputs_dir netvlad --results_dir results --algorithm agglomerative --num_workers 1 "
        "--distance_threshold 0.5 0.9 --extremes --pca 0",
        draw.draw_descriptors,
        is_light=False,
    ),
    Writer(
        "compare_images",
        "tools.compare_images",
        "--image_dir photos --outputs_dir netvlad --method phash --num_workers 0 --threshold 0.1",
        draw.draw_photos,
        stores=("features-*.h5",),
        is_light=False,
    ),
    Writer(
        "compare_images in batches",
        "tools.compare_images",
        "--image_dir photos --outputs_dir netvlad --method dhash --num_workers 0 --batch_size 4 --threshold 0.5",
        draw.draw_photos,
        stores=("features-*.h5",),
        is_light=False,
    ),
    Writer(
        "download_models",
        "tools.download_models",
        f"vgg19 --from weights.pth --cache_dir cache --sha256 {draw.WEIGHTS_SHA256}",
        draw.draw_weights,
        has_former=False,
        is_light=False,
    ),
    Writer(
        "draw_street",
        "tools.draw_street",
        "--export_dir street --num_buildings 2 --min_views 2 --max_views 2 --num_singles 1 --side 128 "
        "--contact_sheet street.png",
        draw.draw_nothing,
        has_former=False,
        is_light=False,
    ),
    Writer(
        "evaluate_finetuning",
        "tools.evaluate_finetuning",
        "--checkpoints epoch-0002.pt --image_dir photos --truth clusters.json --output_dir judged --num_threads 1 "
        "--num_resamples 100 --input_side 48",
        draw.draw_checkpoints,
        is_light=False,
        packages=("torch",),
    ),
    Writer(
        "explain_pair",
        "tools.explain_pair",
        "photo_000 photo_004 --image_dir datasets --outputs_dir netvlad --results_dir results",
        draw.draw_work,
    ),
    Writer(
        "explore_neighbors",
        "tools.explore_neighbors",
        "--pairs_file netvlad/pairs-vlad.txt --image_dir datasets --output shown/neighbors.html --tile 32",
        draw.draw_work,
    ),
    *(
        Writer(
            f"export_labels {name}",
            "tools.export_labels",
            f"--image_dir datasets --results_dir results --format {name}",
            draw.draw_work,
            packages=("pyarrow",) if name == "parquet" else (),
        )
        for name in ("csv", "coco", "fiftyone", "parquet", "xmp")
    ),
    Writer(
        "finetune_simclr",
        "tools.finetune_simclr",
        "--images photos --output_dir run --model tiny --size 32 --input_side 48 --num_threads 1 --warmup_epochs 0 "
        "--jitter 0.2 --epochs 2 --batch_size 4 --save_every 1",
        draw.draw_buildings,
        has_former=False,
        is_light=False,
        packages=("torch", "torchvision", "onnx"),
        growing=("curve.csv",),
        refuses_other_photos=True,
    ),
    Writer(
        "make_attacks",
        "tools.make_attacks",
        "--image_dir photos --export_dir attacked --attacks shearing_1 gaussian_noise_0.01 --num_workers 0",
        draw.draw_photos,
        is_light=False,
    ),
    Writer(
        "make_report",
        "tools.make_report",
        "--work_dir . --thumbnail_side 64 --photo_side 96 --num_workers 0",
        draw.draw_report_inputs,
        is_light=False,
        growing=("report-record.json",),
        stores=("results/thumbnails/*",),
    ),
    Writer("merge_features", "tools.merge_features", "--outputs_dir netvlad --overwrite", draw.draw_shards),
    Writer(
        "paint_masks",
        "tools.paint_masks",
        "--image photos/a.png --labels labels.png --script actions.json --export_dir masks",
        draw.draw_painting,
        stores=("*.bak",),
        is_light=False,
    ),
    Writer(
        "plot_experiment",
        "tools.plot_experiment",
        "--results results --output all.html all.png",
        draw.draw_search_results,
        has_former=False,
        is_light=False,
    ),
    Writer(
        "plot_features",
        "tools.plot_features",
        "--work_dir . --methods pca --projector projector --num_workers 0",
        draw.draw_work,
        is_light=False,
    ),
    Writer(
        "preprocess_images",
        "tools.preprocess_images",
        "--image_dir photos --export_dir square --square blur --size 32 32 --num_workers 0",
        draw.draw_photos,
    ),
    Writer(
        "review_clusters",
        "tests.reliability.review_script",
        "--work_dir .",
        draw.draw_reviewed,
        has_former=False,
        stores=("review.jsonl",),
    ),
    Writer(
        "search_experiment",
        "tools.search_experiment",
        "--database db.h5 --queries q.h5 --truth manifest.csv --results_dir found --repeats 1 --warmup 0 "
        "--backend numpy",
        draw.draw_searches,
    ),
    Writer(
        "segment_images",
        "tools.segment_images",
        "--image_dir photos --batch segments --method edge --num_workers 0",
        draw.draw_photos,
        is_light=False,
    ),
    Writer("select_threshold", "tools.select_threshold", "--work_dir .", draw.draw_work, is_light=False),
    Writer(
        "split_templates",
        "tools.split_templates",
        "--csv table.csv --image_dir photos --export_dir split",
        draw.draw_table,
        growing=("manifest.json",),
    ),
    Writer(
        "train_autoencoder",
        "tools.train_autoencoder",
        "--images photos --output_dir run --size 32 --epochs 2 --num_threads 1",
        draw.draw_photos,
        has_former=False,
        is_light=False,
        packages=("torch", "onnx"),
        growing=("curve.csv",),
        refuses_other_photos=True,
    ),
    Writer(
        "train_descriptor",
        "tools.train_descriptor",
        "--images photos --output_dir run --teacher teacher.onnx --num_crops 16 --basis_crops 40 --num_samples 16 "
        "--batch_size 8 --input_stages 0:32 --input_side 32 --dimension 8 --num_threads 1",
        draw.draw_buildings,
        has_former=False,
        is_light=False,
        packages=("torch", "onnx", "onnxruntime"),
        growing=("curve.csv",),
        refuses_other_photos=True,
    ),
)
WRITERS = {writer.name: writer for writer in (*STAGES, *TOOLS)}
