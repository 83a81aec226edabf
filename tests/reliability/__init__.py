"""Campaigns against loss, damage and intrusion: what each must reach stands in the table of their counts."""
