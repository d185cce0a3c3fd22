"""How the tasks hang together. Nothing runs here: kfp reads this function and writes the IR."""

from kfp import dsl

from pipeline.tasks.evaluate import evaluate
from pipeline.tasks.ingest import ingest
from pipeline.tasks.register import register
from pipeline.tasks.reject import reject
from pipeline.tasks.train import train


@dsl.pipeline(name="rollback", description="Will this deployment be rolled back?")
def pipeline(
    rows: int = 6000,
    seed: int = 7,
    trees: int = 80,
    depth: int = 3,
    min_auc: float = 0.8,
    registry: str = "",
) -> None:
    """`registry` is a folder, or MLflow's address; empty means that the artifact is enough."""
    data = ingest(rows=rows, seed=seed)
    model = train(training=data.outputs["training"], trees=trees, depth=depth)
    score = evaluate(model=model.outputs["model"], holdout=data.outputs["holdout"])
    # Numbers: the runner puts a text between quotes and evaluates what comes out.
    with dsl.If(score.outputs["auc"] >= min_auc, name="good-enough"):
        register(model=model.outputs["model"], auc=score.outputs["auc"], registry=registry)
    with dsl.Else(name="not-good-enough"):
        reject(auc=score.outputs["auc"], min_auc=min_auc)
