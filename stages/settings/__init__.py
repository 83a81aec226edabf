"""Settings of every stage and tool with their defaults: the one place that scripts and stages read them from."""
