"""Does `ingest` put every deployment on exactly one side, and is its test green?"""

import random
import tempfile
from pathlib import Path

import lab
import verdict

try:
    import numpy as np
    from kfp import dsl
except ImportError as error:
    verdict.cannot_tell(f"the lab's environment is not there ({error}): mlops-lab up")

import sys

sys.path.insert(0, ".")


def fetched(folder: Path, rows: int, seed: int) -> tuple[bytes, bytes]:
    """What the learner's component writes."""
    folder.mkdir()
    datasets = [
        dsl.Dataset(name=name, uri=str(folder / name), metadata={})
        for name in ("training", "holdout")
    ]
    ingest.python_func(rows, seed, *datasets)
    training, holdout = (Path(dataset.path).read_bytes() for dataset in datasets)
    return training, holdout


def table(content: bytes) -> list[list[float]]:
    lines = content.decode().splitlines()
    if lines[0] != ",".join([*FEATURES, "rolled_back"]):
        verdict.not_yet("ingest no longer writes the names of the columns into the first line")
    return [[float(value) for value in line.split(",")] for line in lines[1:]]


try:
    from features import FEATURES
    from pipeline.tasks.ingest import ingest
    from train.data import make

    rows, seed = random.randrange(200, 400), random.randrange(1000)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        once = fetched(folder / "1", rows, seed)
        again = fetched(folder / "2", rows, seed)
        other = fetched(folder / "3", rows, seed + 1)
        training, holdout = (table(content) for content in once)
except Exception as error:  # whatever the learner's code does
    verdict.not_yet(f"ingest fails: {type(error).__name__}: {error}")

both = sum(row in training for row in holdout)
if both:
    verdict.not_yet(
        f"{both} of {len(holdout)} deployments put aside are in the training data as well"
    )
if (len(training), len(holdout)) != (rows - rows // 4, rows // 4):
    verdict.not_yet(
        f"of {rows} deployments {len(training)} are to be learned from and {len(holdout)} are put "
        f"aside: it should be {rows - rows // 4} and {rows // 4}"
    )
data = make(rows, seed)
everything = np.column_stack([data.features, data.rolled_back]).tolist()
if sorted(training + holdout) != sorted(everything):
    verdict.not_yet("the two files are not the deployments that were fetched: rows were torn apart")
if once != again:
    verdict.not_yet("the same seed gives other files: what cannot be repeated cannot be compared")
if once == other:
    verdict.not_yet("another seed gives the same files")

test = lab.run("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_ingest.py")
if test.returncode:
    verdict.not_yet(f"the component is right, and its test is not green: {lab.last_line(test)}")
print("every deployment is on exactly one side")
