"""The receiver keeps what Alertmanager sends, and nothing else."""

import json
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from receiver import __main__ as receiver

ALERT = {"status": "firing", "labels": {"alertname": "A"}, "annotations": {"summary": "S"}}


@pytest.fixture
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(receiver, "FILE", tmp_path / "alerts.jsonl")
    receiver.alerts.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), receiver.Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def ask(port: int, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body)
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def test_an_alert_is_kept_with_where_it_was_sent(port: int) -> None:
    assert ask(port, "POST", "/page", json.dumps({"alerts": [ALERT]}))[0] == 200
    (kept,) = json.loads(ask(port, "GET", "/alerts")[1])
    assert (kept["to"], kept["status"], kept["summary"]) == ("page", "firing", "S")
    assert json.loads(receiver.FILE.read_text()) == kept


@pytest.mark.parametrize("body", ["oops", "[]", '{"alerts": [{}]}', '{"alerts": 1}'])
def test_what_alertmanager_does_not_send_is_refused(port: int, body: str) -> None:
    assert ask(port, "POST", "/ticket", body)[0] == 400
    assert json.loads(ask(port, "GET", "/alerts")[1]) == []


def test_other_places_and_long_bodies_are_refused(port: int) -> None:
    assert ask(port, "POST", "/elsewhere", "{}")[0] == 404
    assert ask(port, "GET", "/elsewhere")[0] == 404
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest("POST", "/page")
    connection.putheader("Content-Length", str(receiver.LARGEST + 1))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()
