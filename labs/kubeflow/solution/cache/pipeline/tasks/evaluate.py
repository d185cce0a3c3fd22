"""The test of the artifact."""

from typing import NamedTuple

from kfp import dsl

from pipeline.image import task


@task
def evaluate(
    model: dsl.Input[dsl.Model],
    holdout: dsl.Input[dsl.Dataset],
    min_auc: float,
    metrics: dsl.Output[dsl.Metrics],
) -> NamedTuple("Outputs", [("auc", float), ("verdict", str)]):
    """Scores the model on deployments that its training has not seen."""
    import json
    import os
    from collections import namedtuple
    from pathlib import Path

    # onnxruntime's Linux wheels report usage to their maker unless told not to, before the import.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"

    import numpy as np
    import onnxruntime as ort

    from train.data import auc

    table = np.loadtxt(holdout.path, np.float32, delimiter=",", skiprows=1)
    session = ort.InferenceSession(model.path, providers=["CPUExecutionProvider"])
    probabilities = session.run(["probabilities"], {"features": table[:, :-1]})[0]
    score = round(auc(table[:, -1].astype(np.int64), probabilities[:, 1]), 4)
    metrics.log_metric("auc", score)
    metrics.log_metric("rows", len(table))
    # kfp keeps the metadata. The local cache takes an artifact without a file for a lost one.
    Path(metrics.path).write_text(json.dumps(metrics.metadata) + "\n", "utf-8")
    outputs = namedtuple("Outputs", ["auc", "verdict"])
    return outputs(score, "passes" if score >= min_auc else "doesn't pass")
