"""The parts of ``stages.search_experiment`` and ``stages.plot_experiment``."""
