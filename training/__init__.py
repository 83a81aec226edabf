"""Learning a compact global descriptor: crops of photos, a teacher's answers to them, a student that repeats them."""
