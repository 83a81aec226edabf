"""One script per published figure, and the dated tables that they printed. Never run as timed tests."""
