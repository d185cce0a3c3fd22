"""May a candidate replace what runs? The rule that every release must pass."""

from ops.evaluate import Result

ENOUGH = 0.8  # of the alerts exactly right; the model that runs now gets 0.9 and more


def objections(candidate: Result) -> list[str]:
    """Why not, in words; an empty list lets it through."""
    found = []
    if candidate.answered < candidate.total:
        found.append(f"{candidate.total - candidate.answered} requests failed")
    if candidate.valid < candidate.answered:
        found.append(f"{candidate.answered - candidate.valid} answers are not valid JSON")
    if candidate.exact < ENOUGH * candidate.total:
        found.append(f"only {candidate.exact} of {candidate.total} alerts are exactly right")
    return found
