"""The review: see the clusters, correct them, and keep what was decided."""
