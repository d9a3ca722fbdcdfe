"""The record: entries, and the tables that are recomputed from their predictions."""
