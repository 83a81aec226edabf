"""One file per stage of the pipeline: what its script does, as one function."""
