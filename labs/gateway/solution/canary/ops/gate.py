"""May a candidate stay in service? The rule that every release must pass."""

from ops.evaluate import Result

SLACK = 0.1  # of the questions: so much may be chance


def objections(stable: Result, candidate: Result) -> list[str]:
    """Why not, in words; an empty list lets it through. Both had the same questions."""
    found = []
    if candidate.answered < stable.answered:
        found.append(f"{candidate.total - candidate.answered} requests failed")
    if candidate.exact < stable.exact - SLACK * stable.total:
        found.append(f"{candidate.exact} of {candidate.total} are right, before: {stable.exact}")
    return found
