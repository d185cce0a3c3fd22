"""What one caller may cost: MLflow has the limits of server/bounds.py, gateways have their own."""

import contextlib
import re
import socket
from pathlib import Path

import pytest

from tests.conftest import ROOT, Lab

GATEWAYS = ("gateway/haproxy.cfg", "k8s/base/haproxy.cfg")


@pytest.mark.parametrize(
    ("start", "piece", "wanted"),
    [
        (b"GET / HTTP/1.1\r\n", b"a: b\r\n" * 1000, b"431"),
        (b"GET / HTTP/1.1\r\na: ", b"b" * 6000, b"431"),
        (b"POST / HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n", b"", b"413"),
    ],
)
def test_the_tracking_server_does_not_read_without_end(
    lab: Lab, start: bytes, piece: bytes, wanted: bytes
) -> None:
    answer, sent = b"", 0
    with socket.create_connection(("127.0.0.1", lab.port), timeout=10) as caller:
        caller.sendall(start)
        with contextlib.suppress(ConnectionError):
            while piece and sent < 64 << 20:
                sent += caller.send(piece)
        assert sent < 64 << 20, "the server takes it all"
        with contextlib.suppress(ConnectionError):
            while more := caller.recv(65536):
                answer += more
    # What is still being sent may destroy the server's last word: then the end is enough.
    assert not answer or answer.split()[1] == wanted
    assert lab.call("POST", "experiments/search", {"max_results": 1})["experiments"]


def limits(file: str) -> dict[str, str]:
    """By directive and its subject: maxconn, every tune and timeout, every refusal of a request."""
    text = (ROOT / Path(file)).read_text("utf-8")
    lines = re.findall(
        r"^  (maxconn|tune\.\S+|timeout \S+|http-request .*?body.*?)(?: (\S+))?$", text, re.M
    )
    return dict(lines)


def test_both_gateways_have_the_same_limits() -> None:
    containers, pods = map(limits, GATEWAYS)
    containers.pop("timeout queue")  # of one gateway alone: pods have more of them
    assert containers == pods
    assert containers.keys() >= {
        "maxconn",
        "tune.bufsize",
        "tune.http.maxhdr",
        "timeout http-request",
        "timeout http-keep-alive",
        "timeout client",
        "timeout server",
        "timeout connect",
    }
    assert sum("body" in name for name in containers) == 4
