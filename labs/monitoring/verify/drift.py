"""Planted days of two features, one of which drifts: what should the alert do?"""

import lab

ALERT = "InputDrift"
SAME, OTHER, SLIGHT, NONE = [6, 6, 6, 6], [18, 2, 2, 2], [10, 6, 4, 4], [0, 0, 0, 0]
RESTARTED = 120  # seconds of drift before it


def day(*parts: tuple[int, list[int]], restart: bool = False) -> lab.Series:
    """Seconds, and rows a second in the four bins of lines_changed; the hour stays as it was.

    With a restart the series are gone for 3 seconds before the last part, which begins with 0.
    """
    series: lab.Series = {}
    for name in ("lines_changed", "hour"):
        for number in range(4):
            labels = f'feature="{name}", bin="{number}", job="model", instance="a"'
            total, values, training = 0.0, [], []
            for index, (seconds, rates) in enumerate(parts):
                if restart and index == len(parts) - 1:
                    total = 0
                    values.append("stale _x2")
                    training.append("stale _x2")
                rate = rates[number] if name == "lines_changed" else sum(rates) / 4
                values.append(f"{total:g}+{rate:g}x{seconds - 1}")
                training.append(f"0.25x{seconds - 1}")
                total += rate * seconds
            series[f"model_training_share{{{labels}}}"] = " ".join(training)
            series[f"model_input_rows_total{{{labels}}}"] = " ".join(values)
    return series


def examine(files: dict[str, str]) -> None:
    labels = {"severity": "ticket", "feature": "lines_changed"}
    few = day((60, NONE), (5, [1, 0, 0, 0]), (30, NONE))
    days = [
        ("inputs as in the training", day((120, SAME)), 110, {}),
        ("other inputs since 40 s", day((60, SAME), (60, OTHER)), 100, labels),
        ("slightly other inputs", day((60, SAME), (90, SLIGHT)), 140, {}),
        ("5 rows in all", few, 85, {}),
        ("over since 2 minutes", day((60, OTHER), (130, SAME)), 180, {}),
    ]
    found = [lab.day(ALERT, *it, **expected) for *it, expected in days]
    lab.judge(files, [at_all(), *found, restart()])


def at_all() -> lab.Day:
    """As whatever: what is missing then is the alert, and not one of its labels."""
    otherwise = f"{ALERT} does not fire at all: other inputs since 40 s"
    return lab.Day(day((60, SAME), (60, OTHER)), [lab.firing(ALERT, 100)], otherwise)


def restart() -> lab.Day:
    """The series of the server are gone for some seconds, and its counters begin with 0."""
    series = day((RESTARTED, OTHER), (60, OTHER), restart=True)
    tests = [
        lab.firing(ALERT, RESTARTED + second, feature="lines_changed")
        for second in (1, 4, 8, 14, 20)
    ]
    return lab.Day(series, tests, f"{ALERT} is resolved when the server restarts while it drifts")
