"""What a caller of the model runs."""
