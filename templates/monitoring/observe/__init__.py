"""What the server shows of each answered request. It calls `request` (OBSERVER in compose.yaml)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from observe import inputs, predictions


def request(labels: dict[str, str], asked: Any, answers: dict[str, NDArray[Any]]) -> None:
    rows: NDArray[np.float32] = asked.inputs["features"]
    inputs.count(rows)
    if asked.id:
        predictions.write(asked.id, labels["version"], float(answers["probabilities"][0, 1]))
