"""Parts of ``stages/cluster_features.py``: what is read, the reasons that are written, tables, plots, sheets."""
