"""What the training writes: scores, signatures, warm-up records."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import TENSORFLOW

WARM_UP = """
import json, sys
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2
rows = []
for record in tf.data.TFRecordDataset(sys.argv[1]).as_numpy_iterator():
    request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
    spec = request.model_spec
    rows.append([spec.name, spec.signature_name, spec.version.value,
                 list(tf.make_ndarray(request.inputs["features"]).shape)])
print(json.dumps(rows))
"""


def test_version_2_is_better(exported: Path) -> None:
    cards = [
        json.loads((exported / f"models/rollback/{version}/assets.extra/card.json").read_text())
        for version in (1, 2)
    ]
    # A tolerance, not the exact value: other processors round otherwise.
    assert cards[0]["auc"] == pytest.approx(0.83, abs=0.01)
    assert cards[1]["auc"] == pytest.approx(0.845, abs=0.01)
    assert cards[1]["auc"] > cards[0]["auc"] + 0.005


def test_the_warm_up_records_are_requests_to_this_version(exported: Path) -> None:
    file = exported / "models/rollback/2/assets.extra/tf_serving_warmup_requests"
    done = subprocess.run(
        [TENSORFLOW, "-c", WARM_UP, str(file)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == [
        ["rollback", "serving_default", 2, [1, 8]],
        ["rollback", "serving_default", 2, [16, 8]],
    ]


def test_nothing_half_written_is_left(exported: Path) -> None:
    assert sorted(path.name for path in (exported / "models/rollback").iterdir()) == ["1", "2"]


def test_without_tensorflow_the_training_says_what_it_needs(tmp_path: Path) -> None:
    root = Path(__file__).parent.parent
    (tmp_path / "train").symlink_to(root / "train")
    done = subprocess.run(
        [sys.executable, "-m", "train"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "320 MB" in done.stderr
    assert "ops/tensorflow.sh" in done.stderr
