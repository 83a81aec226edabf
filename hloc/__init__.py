"""Photos to descriptors to scored pairs."""
