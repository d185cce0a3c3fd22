"""Callers: they know the tracking server's address and nothing about what is behind it."""

import ops  # noqa: F401  first of all: MLflow and onnxruntime read .env's settings when they load
