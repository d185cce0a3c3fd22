"""The other branch: no release, and a reason."""

from kfp import dsl

from pipeline.image import task


@task
def reject(auc: float, min_auc: float, notice: dsl.Output[dsl.Artifact]) -> None:
    """Says why there is no new version."""
    import json
    from pathlib import Path

    text = {"released": False, "auc": auc, "min_auc": min_auc}
    Path(notice.path).write_text(json.dumps(text) + "\n", "utf-8")
    print(f"not released: AUC {auc} is below {min_auc}")
