"""Scored pairs and positions to groups: arrays in, groups out."""
