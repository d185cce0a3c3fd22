"""Starts Envoy with config/envoy.yaml, and stops it without cutting an answer."""
