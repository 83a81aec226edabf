"""The report: a folder of static pages that opens from the disk."""
