"""May a candidate replace what runs? The rule that every release must pass."""

from ops.evaluate import Result


def objections(candidate: Result) -> list[str]:
    """Why not, in words; an empty list lets it through."""
    found = []
    if candidate.answered < candidate.total:
        found.append(f"{candidate.total - candidate.answered} requests failed")
    if candidate.valid < candidate.answered:
        found.append(f"{candidate.answered - candidate.valid} answers are not valid JSON")
    return found
