"""The release: the model gets a version."""

from kfp import dsl

from pipeline.image import task


@task
def register(
    model: dsl.Input[dsl.Model],
    auc: float,
    registry: str,
    version: dsl.Output[dsl.Model],
) -> None:
    """Registers the model in a folder, in MLflow, or as this task's artifact alone."""
    from pathlib import Path

    from pipeline.registry import put

    folder = Path(version.path)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(Path(model.path).read_bytes())
    version.metadata.update(put(folder, auc, registry))
