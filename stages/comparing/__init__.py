"""Parts of ``stages/compare.py``: what the pairs hang on, batches and their merging."""
