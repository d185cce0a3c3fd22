"""The inputs of the model as counters: how many rows fell into which bin of the training data.

models/profile.json has, for each feature, the edges between its bins in ascending order and the
share of the training rows in each. A value that equals an edge belongs to the bin above it.
"""

import json
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from prometheus_client import Counter, Gauge

from features import FEATURES

PROFILE = json.loads(Path(os.environ.get("MODELS_DIR", "models"), "profile.json").read_text())

expected = Gauge("model_training_share", "Part of the training rows in a bin", ["feature", "bin"])
seen = Counter("model_input_rows", "Rows that fell into a bin", ["feature", "bin"])

for feature in FEATURES:
    for number, share in enumerate(PROFILE[feature]["shares"]):
        expected.labels(feature, str(number)).set(share)
        seen.labels(feature, str(number))  # from 0: rate() cannot see what a series begins with


def count(rows: NDArray[np.float32]) -> None:
    """Each row of a request, column by column in the order of FEATURES."""
    for feature, values in zip(FEATURES, rows.T, strict=True):
        bins = np.searchsorted(PROFILE[feature]["edges"], values, "right")
        for number, found in enumerate(np.bincount(bins)):
            seen.labels(feature, str(number)).inc(int(found))
