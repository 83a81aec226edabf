"""Extraction and pairs on a Ray cluster."""
