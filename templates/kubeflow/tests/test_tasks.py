"""The other tasks, one after the other, as the pipeline would call them."""

import json
from pathlib import Path

import onnxruntime as ort
import pytest
from kfp import dsl

from features import FEATURES
from pipeline.registry import put
from pipeline.tasks.evaluate import evaluate
from pipeline.tasks.ingest import ingest
from pipeline.tasks.register import register
from pipeline.tasks.reject import reject
from pipeline.tasks.train import train
from tests.conftest import New


def trained(new: New) -> tuple[dsl.Artifact, dsl.Artifact]:
    """A small model, and the data to judge it by."""
    training, holdout = new(dsl.Dataset, "training"), new(dsl.Dataset, "holdout")
    model = new(dsl.Model, "model")
    ingest.python_func(2000, 7, training, holdout)
    train.python_func(training, 20, 2, model)
    return model, holdout


def test_the_model_takes_and_gives_what_its_callers_expect(new: New) -> None:
    model, _ = trained(new)
    session = ort.InferenceSession(model.path, providers=["CPUExecutionProvider"])
    (features,) = session.get_inputs()
    assert (features.name, features.type, features.shape[1]) == (
        "features",
        "tensor(float)",
        len(FEATURES),
    )
    assert [output.name for output in session.get_outputs()] == ["label", "probabilities"]


def test_a_model_is_better_than_a_coin_and_worse_than_an_oracle(new: New) -> None:
    model, holdout = trained(new)
    metrics = new(dsl.Metrics, "metrics")
    outputs = evaluate.python_func(model, holdout, metrics=metrics, **threshold(0.8))
    assert 0.7 < outputs.auc < 0.95
    assert metrics.metadata == {"auc": outputs.auc, "rows": 500}


def threshold(value: float) -> dict[str, float]:
    """The threshold, for an evaluation that wants to know it."""
    wanted = "min_auc" in evaluate.component_spec.inputs
    return {"min_auc": value} if wanted else {}


def test_the_same_model_keeps_its_version(new: New, tmp_path: Path) -> None:
    model, registry = new(dsl.Model, "model"), tmp_path / "registry"
    for content, version in ((b"one", "1"), (b"two", "2"), (b"one", "1")):
        Path(model.path).write_bytes(content)
        released = new(dsl.Model, "version")
        register.python_func(model, 0.8, str(registry), released)
        assert released.metadata["version"] == version
        kept = registry / "rollback" / version
        assert (kept / "model.onnx").read_bytes() == content
        assert json.loads((kept / "card.json").read_text())["version"] == version


def test_without_a_registry_the_artifact_is_the_version(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"one")
    card = put(tmp_path, 0.8, "")
    assert card["version"] == card["sha256"][:12]
    assert json.loads((tmp_path / "card.json").read_text()) == card


def test_a_registry_that_does_not_answer_fails_the_task(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"one")
    with pytest.raises(RuntimeError, match="no answer"):
        put(tmp_path, 0.8, "http://127.0.0.1:9")


def test_a_rejection_says_why(new: New) -> None:
    notice = new(dsl.Artifact, "notice")
    reject.python_func(0.7, 0.8, notice)
    assert json.loads(Path(notice.path).read_text()) == {
        "released": False,
        "auc": 0.7,
        "min_auc": 0.8,
    }
