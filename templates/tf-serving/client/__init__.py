"""What callers of the model run."""
