"""What the checks share: the live server's answers and metrics."""

import os

import live
from verdict import not_yet

API = os.environ.get("MLOPS_LAB_ENDPOINT_API", "http://127.0.0.1:<[ port ]>").rstrip("/")


def ask(path: str, body: bytes | None = None) -> tuple[int, bytes]:
    return live.ask(API + path, body)


Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def metrics() -> Series:
    """Every series of the live server, by name and labels."""
    code, body = ask("/metrics")
    if code != 200:
        not_yet(f"/metrics answered {code}")
    series: Series = {}
    for line in body.decode().splitlines():
        if line and not line.startswith("#"):
            key, _, value = line.rpartition(" ")
            name, _, labels = key.rstrip("}").partition("{")
            pairs = (label.partition("=") for label in labels.split(",") if label)
            series[name, frozenset((k, v.strip('"')) for k, _, v in pairs)] = float(value)
    return series


def total(series: Series, name: str, **labels: str) -> float:
    """The sum of all series of this name that carry these labels."""
    wanted = set(labels.items())
    return sum(value for (n, have), value in series.items() if n == name and wanted <= have)
