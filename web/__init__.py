"""Local pages: thin, over the floors below."""
