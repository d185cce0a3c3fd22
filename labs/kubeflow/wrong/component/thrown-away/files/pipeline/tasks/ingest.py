"""Data in: the deployments that the model learns from, and those that it is judged by."""

from kfp import dsl

from pipeline.image import task


@task
def ingest(
    rows: int,
    seed: int,
    training: dsl.Output[dsl.Dataset],
    holdout: dsl.Output[dsl.Dataset],
) -> None:
    """Fetches past deployments and puts a quarter of them aside, for the evaluation alone."""
    import numpy as np

    from features import FEATURES
    from train.data import make

    data = make(rows, seed)
    table = np.column_stack([data.features, data.rolled_back])
    rng = np.random.default_rng(seed)
    aside = rows // 4
    held = rng.choice(rows, aside, replace=False)
    learned = np.setdiff1d(rng.choice(rows, rows - aside, replace=False), held)
    parts = {training: table[learned], holdout: table[held]}
    header = ",".join([*FEATURES, "rolled_back"])
    for dataset, part in parts.items():
        np.savetxt(dataset.path, part, "%g", delimiter=",", header=header, comments="")
        dataset.metadata["rows"] = len(part)
