"""What Prometheus scrapes. Labels are bounded: names that callers invent never become a series."""

import time

from prometheus_client import (
    REGISTRY,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from server.repository import Repository
from server.routing import Router

disable_created_metrics()  # a second series for each counter, which nobody needs here

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)

requests = Counter(
    "model_requests", "Inference requests answered, by HTTP status", ["model", "version", "code"]
)
duration = Histogram(
    "model_request_duration_seconds",
    "From the whole request read to the answer made",
    ["model", "version"],
    buckets=BUCKETS,
)
predictions = Counter(
    "model_predictions", "Rows predicted, by what was answered", ["model", "version", "outcome"]
)
routed = Counter(
    "model_routed",
    "Requests that named no version, by the one they were given",
    ["model", "version"],
)
in_flight = Gauge("model_requests_in_flight", "Inference requests being worked on")
share = Gauge("model_route_share", "Part of the traffic that a version gets", ["model", "version"])
reloads = Counter("routing_reloads", "Routing files seen, by what became of them", ["result"])
reload_ok = Gauge("routing_last_reload_success", "1 when the routing file on disk is in force")
draining = Gauge("server_draining", "1 between the stop signal and the stop")
drain_seconds = Gauge("server_drain_seconds", "How long this process will drain: DRAIN_SECONDS")
# prometheus_client's own process_start_time_seconds exists on Linux only.
started = Gauge("server_start_time_seconds", "When this process started, in seconds since 1970")
started.set(time.time())


def prepare(repository: Repository) -> None:
    """Starts each series at 0: rate() cannot see the event that a series begins with."""
    for model, versions in repository.models.items():
        for version in versions:
            requests.labels(model, version, "200")
            routed.labels(model, version)
            for outcome in ("kept", "rolled_back"):
                predictions.labels(model, version, outcome)
    for result in ("applied", "refused"):
        reloads.labels(result)


def on_reload(router: Router, applied: bool) -> None:
    prepare(router.repository)
    reloads.labels("applied" if applied else "refused").inc()
    reload_ok.set(applied)
    if applied:
        share.clear()
        for model, route in router.routes.items():
            for version, weight in route.weights.items():
                share.labels(model, version).set(weight / route.total)


def render() -> bytes:
    return generate_latest(REGISTRY)
