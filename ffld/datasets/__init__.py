"""One file a dataset; its name is the dataset's, hyphens as underscores."""
