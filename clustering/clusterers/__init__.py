"""The clusterers of scored pairs, one per file; the registry is ``clustering.CLUSTERERS``."""
