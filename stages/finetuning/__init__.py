"""A network fine-tuned on a collection, and whether that helped."""
