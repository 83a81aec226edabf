"""Parts of ``stages/explain.py``: what was decided of two photos, and why, in words."""
