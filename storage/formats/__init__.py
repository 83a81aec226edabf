"""One module per file format; ``docs/formats.md`` is their specification."""
