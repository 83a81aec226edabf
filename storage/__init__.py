"""Every file format, path rule and write of the project."""
