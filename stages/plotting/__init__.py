"""Parts of ``stages/plot.py``: what is read, the picture, the tiles."""
