"""The page of ``tools.plot_experiment``."""
