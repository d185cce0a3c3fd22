"""python -m traffic: asks the server about deployments, and later writes down what became of them.

Outcomes come late and in another order, some of them twice, and some are of deployments that
nobody asked about. They are lines of data/outcomes.jsonl: the id of the request, and whether the
deployment was rolled back.
"""

import heapq
import json
import os
import random
import time
import uuid
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from traffic.source import deployments, settings

PER_SECOND = 25
LATE = (1.0, 5.0)  # seconds; in real life days
MALFORMED, TWICE, UNKNOWN = 0.04, 0.03, 0.03  # parts of the requests, and of the outcomes
OUTCOMES = Path(os.environ.get("DATA_DIR", "data"), "outcomes.jsonl")
PATH = "/v2/models/rollback/infer"


def server() -> HTTPConnection:
    host = os.environ.get("SERVER_HOST", "127.0.0.1")
    return HTTPConnection(host, int(os.environ.get("SERVER_PORT") or os.environ["PORT"]), timeout=5)


def body(identity: str, features: list[float]) -> bytes:
    tensor = {"name": "features", "datatype": "FP32", "shape": [1, len(features)], "data": features}
    return json.dumps({"id": identity, "inputs": [tensor]}).encode()


def ask(connection: HTTPConnection, content: bytes) -> int:
    """The status, or 0 when there was no answer: traffic goes on whatever the server does."""
    try:
        connection.request("POST", PATH, content)
        answer = connection.getresponse()
        answer.read()
    except (OSError, HTTPException):
        connection.close()  # the next request opens it again
        return 0
    return answer.status


def outcomes(due: list[tuple[float, str, int]], now: float) -> Iterator[str]:
    """The lines whose time has come."""
    while due and due[0][0] <= now:
        _, identity, rolled_back = heapq.heappop(due)
        line = json.dumps({"id": identity, "rolled_back": rolled_back}) + "\n"
        yield line * (2 if random.random() < TWICE else 1)
        if random.random() < UNKNOWN:
            yield line.replace(identity, str(uuid.uuid4()))


def main() -> None:
    connection, due = server(), []
    OUTCOMES.parent.mkdir(exist_ok=True)
    begin = time.monotonic()
    for number, (features, rolled_back) in enumerate(deployments()):
        time.sleep(max(0.0, begin + number / PER_SECOND - time.monotonic()))
        identity = str(uuid.uuid4())
        if random.random() < MALFORMED:
            ask(connection, b"oops")
        elif ask(connection, body(identity, features.tolist())) == 200:
            heapq.heappush(due, (time.monotonic() + random.uniform(*LATE), identity, rolled_back))
        lines = list(outcomes(due, time.monotonic()))
        if lines and settings().get("outcomes") is not False:
            with OUTCOMES.open("a", encoding="utf-8") as file:
                file.writelines(lines)


if __name__ == "__main__":
    main()
