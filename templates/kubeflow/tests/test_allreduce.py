"""Two processes and one: the same model."""

import json
import os
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from cluster.allreduce import Group, Place, train


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def launch(world: int, rank: int, port: int) -> subprocess.Popen[str]:
    """As a pod of a TrainJob: the environment is all that it is told."""
    env = os.environ | {
        "PET_NNODES": str(world),
        "PET_NODE_RANK": str(rank),
        "PET_MASTER_ADDR": "127.0.0.1",
        "PET_MASTER_PORT": str(port),
    }
    argv = [sys.executable, "-m", "cluster.allreduce"]
    return subprocess.Popen(
        argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def results(world: int) -> list[dict]:
    port = free_port()
    # The first process comes last: the others have to wait for it.
    processes = [launch(world, rank, port) for rank in reversed(range(world))]
    said = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0] * world, said
    return sorted((json.loads(out) for out, _ in said), key=lambda result: result["rank"])


@pytest.fixture(scope="module")
def alone() -> dict:
    (result,) = results(1)
    return result


@pytest.mark.parametrize("world", [2, 3])
def test_many_processes_find_what_one_finds(alone: dict, world: int) -> None:
    many = results(world)
    assert [result["rank"] for result in many] == list(range(world))
    assert sum(result["rows"] for result in many) == alone["rows"] == 6000
    for result in many:
        assert result["weights"] == many[0]["weights"]
        assert result["auc"] == pytest.approx(alone["auc"], abs=1e-6)
        assert result["weights"] == pytest.approx(alone["weights"], abs=1e-8)
        assert result["exchanged_bytes"] > 0
    assert alone["exchanged_bytes"] == 0


def test_the_model_is_good(alone: dict) -> None:
    assert 0.8 < alone["auc"] < 0.9


def test_more_rows_another_model() -> None:
    """The comparison above would prove nothing if the rows did not matter."""
    half = train(Group(Place()), rows=3000)
    whole = train(Group(Place()), rows=6000)
    assert half["weights"] != pytest.approx(whole["weights"], abs=1e-3)


def pair(port: int) -> tuple[Group, Group]:
    places = [Place(2, rank, "127.0.0.1", port) for rank in (0, 1)]
    met: dict[int, Group] = {}
    thread = threading.Thread(target=lambda: met.update({0: Group.meet(places[0], 20)}))
    thread.start()
    met[1] = Group.meet(places[1], 20)
    thread.join(20)
    return met[0], met[1]


def reach(port: int) -> socket.socket:
    """A connection that sends nothing."""
    end = time.monotonic() + 20
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=20)
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.02)


def test_the_sum_is_everybodys() -> None:
    first, second = pair(free_port())
    sums: list[np.ndarray] = []
    thread = threading.Thread(target=lambda: sums.append(first.total(np.array([1.0, 10.0]))))
    thread.start()
    sums.append(second.total(np.array([2.0, 0.5])))
    thread.join(20)
    assert [list(total) for total in sums] == [[3.0, 10.5]] * 2
    first.leave()
    second.leave()


def test_a_process_that_goes_away_ends_the_training() -> None:
    first, second = pair(free_port())
    second.leave()
    with pytest.raises(SystemExit, match="another process went away"):
        first.total(np.array([1.0]))
    first.leave()


def test_a_process_that_never_comes_is_missed() -> None:
    with pytest.raises(SystemExit, match="only 1 of 2 processes came"):
        Group.meet(Place(2, 0, "127.0.0.1", free_port()), patience=0.3)


def test_a_first_process_that_never_comes_is_missed() -> None:
    with pytest.raises(SystemExit, match="process 0 is not at"):
        Group.meet(Place(2, 1, "127.0.0.1", free_port()), patience=0.3)


def test_a_name_that_nobody_knows_yet_is_tried_again() -> None:
    with pytest.raises(SystemExit, match=r"process 0 is not at nobody\.invalid"):
        Group.meet(Place(2, 1, "nobody.invalid", free_port()), patience=0.3)


def test_a_stranger_that_is_silent_does_not_hold_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cluster.allreduce.GREETING", 0.2)
    port = free_port()
    met: list[Group] = []
    place = Place(2, 0, "127.0.0.1", port)
    thread = threading.Thread(target=lambda: met.append(Group.meet(place, 20)))
    thread.start()
    silent = reach(port)
    second = Group.meet(Place(2, 1, "127.0.0.1", port), 20)
    thread.join(10)
    assert len(met) == 1, "the start is held"
    assert silent.recv(1) == b""
    for group in (*met, second):
        group.leave()
    silent.close()


def test_two_that_say_they_are_the_same_are_refused() -> None:
    port = free_port()
    refused: list[str] = []

    def first() -> None:
        try:
            Group.meet(Place(3, 0, "127.0.0.1", port), 20)
        except SystemExit as error:
            refused.append(str(error))

    thread = threading.Thread(target=first)
    thread.start()
    twins = [Group.meet(Place(3, 1, "127.0.0.1", port), 20) for _ in range(2)]
    thread.join(20)
    assert refused == ["error: a peer claims to be process 1"]
    for twin in twins:
        twin.leave()


@pytest.mark.parametrize(
    ("env", "place"),
    [
        ({}, Place(1, 0, "127.0.0.1", 29500)),
        (
            {
                "PET_NNODES": "2",
                "PET_NODE_RANK": "1",
                "PET_MASTER_ADDR": "rollback-node-0-0.rollback",
                "PET_MASTER_PORT": "29500",
            },
            Place(2, 1, "rollback-node-0-0.rollback", 29500),
        ),
    ],
)
def test_the_place_is_read_from_what_trainer_sets(env: dict[str, str], place: Place) -> None:
    assert Place.read(env) == place


def test_a_place_that_cannot_be_is_refused() -> None:
    with pytest.raises(SystemExit, match="rank 2 of 2"):
        Place.read({"PET_NNODES": "2", "PET_NODE_RANK": "2"})
