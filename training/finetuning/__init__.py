"""Fine-tuning a descriptor without a teacher: two views of one photo, or of one building, are to be alike (SimCLR)."""
