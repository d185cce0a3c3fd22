"""Turns past deployments into a model, and records it on the tracking server."""

import ops  # noqa: F401  first of all: MLflow and onnxruntime read .env's settings when they load
