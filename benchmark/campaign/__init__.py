"""The paper's experiments in full, inside a time budget: stages, and what is brought back."""
