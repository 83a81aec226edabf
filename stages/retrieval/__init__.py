"""Retrieval experiments: altered copies, templates and queries, neighbours, indexes."""
