"""May a candidate stay in service? The rule that every release must pass."""

from ops.evaluate import Result


def objections(stable: Result, candidate: Result) -> list[str]:
    """Why not, in words; an empty list lets it through. Both had the same questions."""
    found = []
    if candidate.answered < stable.answered:
        found.append(f"{candidate.total - candidate.answered} requests failed")
    return found
