"""Does ops/gate.py keep worse models out and let good ones in? Asked about made-up results."""

import random
import sys

import verdict

sys.path.insert(0, ".")
verdict.forget_bytecode()
sys.dont_write_bytecode = True

try:
    from ops.evaluate import Result  # the project's
    from ops.gate import objections
except Exception as error:
    verdict.not_yet(f"ops/gate.py cannot be used: {error!r}")


def ask(what: str, **numbers: int) -> list[str]:
    try:
        found = objections(Result(**numbers))
    except Exception as error:
        verdict.not_yet(f"ops/gate.py fails about {what}: {error!r}")
    if not isinstance(found, list):
        verdict.not_yet(f"objections() returns {found!r}, not a list")
    return found


def main() -> None:
    total = random.choice([20, 50, 100])
    whole = {"total": total, "answered": total, "valid": total}
    good, bad = int(0.95 * total), int(0.55 * total)
    for what, numbers in (
        ("95 % right", whole | {"exact": good}),
        ("all right", whole | {"exact": total}),
    ):
        if found := ask(what, **numbers):
            verdict.not_yet(f"ops/gate.py refuses a candidate with {what}: {found}")
    for what, numbers in (
        ("55 % right", whole | {"exact": bad}),
        ("nothing right", whole | {"exact": 0}),
        (
            "every tenth answer no JSON",
            whole | {"valid": int(0.9 * total), "exact": int(0.9 * total)},
        ),
        (
            "every fifth request failed",
            {"total": total, "answered": int(0.8 * total), "valid": int(0.8 * total)}
            | {"exact": int(0.8 * total)},
        ),
    ):
        if not ask(what, **numbers):
            verdict.not_yet(f"ops/gate.py lets a candidate through with {what}, of {total} alerts")
    print("good candidates pass the gate, worse ones do not")


main()
