"""A candidate is judged, and never what else answers at its port."""

import socket

import pytest

from ops import candidate


def test_a_port_that_is_taken_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setattr(candidate, "from_dotenv", lambda _: str(other.getsockname()[1]))
        with pytest.raises(SystemExit, match="CANDIDATE_PORT"), candidate.started("smollm2-q4_1"):
            pytest.fail("something else would have been judged")


def test_a_model_that_does_not_start_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = str(taken.getsockname()[1])
    monkeypatch.setattr(candidate, "from_dotenv", lambda _: free)
    with pytest.raises(SystemExit, match="did not start"), candidate.started("no-such-model"):
        pytest.fail("there is no such model")
