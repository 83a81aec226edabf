"""Parts of ``stages/cluster.py``: what is read, what a person decided, the reasons that are written."""
