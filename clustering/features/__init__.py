"""Clusters of descriptors: vectors in, labels out; -1 is noise."""
