"""A stand-in for TensorFlow Serving, for machines that have no `tensorflow_model_server`.

It serves the same SavedModels under the same REST and gRPC calls, in Python, and identifies itself
in its banner, in every answer (`X-Stand-In: true`) and in the status of a model. It has no batching
and no metrics: what it cannot show as the real server does, it does not pretend to.
"""
