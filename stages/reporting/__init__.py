"""Parts of ``stages/report.py``: what the pages, tables and sheets of a report say."""
