"""Is the chosen run the best of its search within the budget, on data training did not see?"""

from lab import call, choice, experiment, found, logged_model, pairs, runs
from verdict import not_yet

JUDGED = ("validation_auc", "model_bytes")


def measured_once(run: dict) -> bool:
    """Both metrics that decide, each logged a single time: a second value is somebody's wish."""
    for name in JUDGED:
        path = f"metrics/get-history?run_id={run['info']['run_id']}&metric_key={name}"
        if len(call(path)[1].get("metrics", [])) != 1:
            return False
    return True


def main() -> None:
    number = experiment()
    searches = runs(number, "tags.purpose = 'search' and attributes.status = 'FINISHED'")
    if not searches:
        not_yet("no search has finished yet: python -m train.search")
    parents = {run["info"]["run_id"]: run for run in searches}
    chosen = choice()
    run = found(f"runs/get?run_id={chosen}", f"there is no run {chosen}")["run"]
    if chosen in parents:
        not_yet("the chosen run is the parent of a search: it has no model, its candidates have")
    parent = pairs(run, "tags").get("mlflow.parentRunId", "")
    if parent not in parents:
        not_yet("the chosen run is no candidate of a search that has finished")
    inside = f"tags.`mlflow.parentRunId` = '{parent}' and attributes.status = 'FINISHED'"
    candidates = [one for one in runs(number, inside) if logged_model(one)]
    if chosen not in [one["info"]["run_id"] for one in candidates]:
        not_yet("the chosen run has not finished, or has no model that is READY")
    if touched := [one for one in candidates if not measured_once(one)]:
        not_yet(
            f"run {touched[0]['info']['run_id'][:8]} does not have its "
            f"{' and '.join(JUDGED)} once: "
            "numbers that were logged again compare nothing. A new search: python -m train.search"
        )
    budget = float(pairs(parents[parent], "params")["budget_bytes"])
    fitting = [one for one in candidates if pairs(one, "metrics")["model_bytes"] <= budget]
    size = pairs(run, "metrics")["model_bytes"]
    if size > budget:
        not_yet(f"the chosen model has {size:.0f} bytes, and the budget is {budget:.0f}")
    best = max(fitting, key=lambda one: pairs(one, "metrics")["validation_auc"])
    mine, higher = pairs(run, "metrics"), pairs(best, "metrics")["validation_auc"]
    if mine["validation_auc"] < higher:  # two may share the first place
        not_yet(
            f"another model within the budget has a validation_auc of {higher:.4f}; "
            f"the chosen one has {mine['validation_auc']:.4f} "
            f"(and a training_auc of {mine['training_auc']:.4f})"
        )
    print(f"{run['info'].get('run_name', chosen)} of {len(candidates)} candidates")


if __name__ == "__main__":
    main()
