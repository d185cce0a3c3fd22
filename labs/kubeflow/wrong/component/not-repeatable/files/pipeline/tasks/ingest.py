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
    # One shuffle, cut once: no deployment can be on both sides.
    shuffled = np.random.default_rng().permutation(table)
    aside = rows // 4
    parts = {training: shuffled[aside:], holdout: shuffled[:aside]}
    header = ",".join([*FEATURES, "rolled_back"])
    for dataset, part in parts.items():
        np.savetxt(dataset.path, part, "%g", delimiter=",", header=header, comments="")
        dataset.metadata["rows"] = len(part)
