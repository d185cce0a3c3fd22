"""Turns past deployments into model versions under models/."""
