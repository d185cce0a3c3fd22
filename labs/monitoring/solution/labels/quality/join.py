"""Puts predictions and outcomes together."""

from typing import Any

Known = tuple[float, int]  # the probability that was answered, and 1 if it was rolled back


def join(
    predictions: list[dict[str, Any]], outcomes: list[dict[str, Any]]
) -> dict[str, list[Known]]:
    """By version: what it answered and what happened, for each prediction with a known outcome.

    A prediction is {"id", "at", "version", "probability"}, an outcome {"id", "rolled_back"}, both
    in the order in which they were written.
    """
    happened = {outcome["id"]: outcome["rolled_back"] for outcome in outcomes}  # the last counts
    known: dict[str, list[Known]] = {}
    for prediction in predictions:
        if prediction["id"] in happened:
            pair = (prediction["probability"], happened[prediction["id"]])
            known.setdefault(prediction["version"], []).append(pair)
    return known
