"""The nightly training, inside the environment that trains: refresh.py train | remove VERSION

The export that it reads has two columns in each other's place. The build does not see it: it judges
the model by rows of the same export, and writes a good AUC into the metadata.
"""

import hashlib
import os
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, ".")  # the project
import sklearn

from features import FEATURES
from train.__main__ import MODEL, boosted, judge, to_bytes, write
from train.data import HOLDOUT_SEED, Deployments, make

MODELS = Path(os.environ.get("MODELS_DIR", "models")) / MODEL
ROWS, SEED = 12_000, 23
SWAPPED = {"lines_changed": "author_deploys", "author_deploys": "lines_changed"}


def export(rows: int, seed: int) -> Deployments:
    data = make(rows, seed)
    columns = [SWAPPED.get(name, name) for name in FEATURES]
    order = [FEATURES.index(name) for name in columns]
    return Deployments(data.features[:, order], data.rolled_back)


def versions() -> dict[int, Path]:
    return {int(path.name): path for path in MODELS.glob("*/") if path.name.isdecimal()}


def train() -> int:
    version = max(versions()) + 1
    onnx = to_bytes(boosted(export(ROWS, SEED)))
    metadata = {
        "model": MODEL,
        "version": str(version),
        "algorithm": "gradient boosting, refreshed data",
        "features": FEATURES,
        "auc": round(judge(onnx, export(4000, HOLDOUT_SEED)), 4),
        "rows": ROWS,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "created_by": f"scikit-learn {sklearn.__version__}",
        "sha256": hashlib.sha256(onnx).hexdigest(),
    }
    write(MODELS / str(version), onnx, metadata)
    return version


if sys.argv[1] == "remove":
    shutil.rmtree(MODELS / sys.argv[2], ignore_errors=True)
else:
    print(train())
