"""The build: data in, model out."""

from kfp import dsl

from pipeline.image import task


@task
def train(
    training: dsl.Input[dsl.Dataset],
    trees: int,
    depth: int,
    model: dsl.Output[dsl.Model],
) -> None:
    """Fits boosted trees (many small decision trees) and writes them as ONNX."""
    from pathlib import Path

    import numpy as np
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn.ensemble import GradientBoostingClassifier

    table = np.loadtxt(training.path, np.float32, delimiter=",", skiprows=1)
    features, rolled_back = table[:, :-1], table[:, -1].astype(np.int64)
    classifier = GradientBoostingClassifier(
        n_estimators=trees, max_depth=depth, subsample=0.8, random_state=7
    ).fit(features, rolled_back)
    onnx = convert_sklearn(
        classifier,
        name="rollback",
        initial_types=[("features", FloatTensorType([None, features.shape[1]]))],
        target_opset=18,
        # zipmap would wrap each row's probabilities in a dictionary, which no protocol can carry.
        options={"zipmap": False},
    )
    # A set, in another order in each process: sorted, so that equal builds are equal files.
    onnx.opset_import.sort(key=lambda opset: opset.domain)
    Path(model.path).write_bytes(onnx.SerializeToString())
    model.metadata.update(format="onnx", trees=trees, depth=depth)
