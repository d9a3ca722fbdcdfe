"""One paper, one file; the file's name is the model's, underscores as hyphens."""
