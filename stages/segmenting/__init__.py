"""Segments of photos, and masks painted on them."""
