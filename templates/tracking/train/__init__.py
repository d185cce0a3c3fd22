"""Turns past deployments into a model, and tells the tracking server all about it."""

import ops  # noqa: F401  first of all: MLflow and onnxruntime read .env's settings when they load
