"""One training on several machines: python -m cluster.allreduce

Each process has its share of the rows and computes the gradient on them: the direction in which
the model's numbers have to move. The shares are summed over all processes (an all-reduce: everybody
gives a vector and gets the sum), everybody makes the same step, and so the models stay equal. The
result is that of one process with all rows, to the last digits.

Which process this is, and where the first one listens, comes from the environment, by the names
that PyTorch's launcher uses: PET_NNODES, PET_NODE_RANK, PET_MASTER_ADDR, PET_MASTER_PORT.
Frameworks do the sum with NCCL or Gloo, in a ring; this is a star with the first process in its
middle.
"""

import json
import os
import socket
import struct
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from train.data import HOLDOUT_SEED, TRAIN_SEED, auc, make

Vector = NDArray[np.float64]

ROWS = 6000
STEPS = 300
RATE = 1.0
PATIENCE = 120.0  # seconds: pods of one job do not start together
GREETING = 5.0  # seconds: a process sends its rank as soon as it is connected


@dataclass(frozen=True)
class Place:
    """Which of how many processes this is."""

    world: int = 1
    rank: int = 0
    address: str = "127.0.0.1"
    port: int = 29500

    @classmethod
    def read(cls, env: Mapping[str, str] = os.environ) -> "Place":
        place = cls(
            world=int(env.get("PET_NNODES", cls.world)),
            rank=int(env.get("PET_NODE_RANK", cls.rank)),
            address=env.get("PET_MASTER_ADDR", cls.address),
            port=int(env.get("PET_MASTER_PORT", cls.port)),
        )
        if not 0 <= place.rank < place.world:
            raise SystemExit(f"error: rank {place.rank} of {place.world} processes")
        return place


@dataclass
class Group:
    """The connections: the first process has one to everybody, the others have one to it."""

    place: Place
    peers: list[socket.socket] = field(default_factory=list)
    exchanged: int = 0  # bytes

    @classmethod
    def meet(cls, place: Place, patience: float = PATIENCE) -> "Group":
        """Returns when all processes are there."""
        group = cls(place)
        if place.world == 1:
            return group
        if place.rank == 0:
            group._gather(patience)
        else:
            group.peers = [_reach(place, patience)]
        return group

    def _gather(self, patience: float) -> None:
        place, end = self.place, time.monotonic() + patience
        # In a pod the address is the pod's own name; nothing on a laptop should listen to all.
        host = place.address if place.address in ("127.0.0.1", "localhost") else ""
        found: dict[int, socket.socket] = {}
        with socket.create_server((host, place.port)) as server:
            while len(found) < place.world - 1:
                server.settimeout(max(end - time.monotonic(), 0.001))
                try:
                    peer, _ = server.accept()
                except TimeoutError:
                    raise _missing(place, len(found) + 1) from None
                peer.settimeout(max(min(GREETING, end - time.monotonic()), 0.001))
                try:
                    (rank,) = struct.unpack("!I", _receive(peer, 4))
                except TimeoutError:  # somebody else: the others are waited for
                    peer.close()
                    continue
                peer.settimeout(patience)
                if not 0 < rank < place.world or rank in found:
                    raise SystemExit(f"error: a peer claims to be process {rank}")
                found[rank] = peer
        # By rank: a sum of floating-point numbers depends on its order.
        self.peers = [found[rank] for rank in sorted(found)]

    def total(self, vector: Vector) -> Vector:
        """The sum of what all processes give here; the same bytes for everybody."""
        size = vector.nbytes
        self.exchanged += 2 * size * len(self.peers)
        if self.place.rank > 0:
            self.peers[0].sendall(vector.tobytes())
            return np.frombuffer(_receive(self.peers[0], size))
        total = vector.copy()
        for peer in self.peers:
            total += np.frombuffer(_receive(peer, size))
        for peer in self.peers:
            peer.sendall(total.tobytes())
        return total

    def leave(self) -> None:
        for peer in self.peers:
            peer.close()


def _reach(place: Place, patience: float) -> socket.socket:
    """Tries until the first process listens; its name may not even be known yet."""
    end = time.monotonic() + patience
    while True:
        try:
            peer = socket.create_connection((place.address, place.port), timeout=patience)
            peer.sendall(struct.pack("!I", place.rank))
            return peer
        except OSError as error:
            if time.monotonic() >= end:
                where = f"{place.address}:{place.port}"
                raise SystemExit(f"error: process 0 is not at {where}: {error}") from None
            time.sleep(0.2)


def _missing(place: Place, there: int) -> SystemExit:
    return SystemExit(f"error: only {there} of {place.world} processes came")


def _receive(peer: socket.socket, size: int) -> bytes:
    pieces = bytearray()
    while len(pieces) < size:
        piece = peer.recv(size - len(pieces))
        if not piece:
            raise SystemExit("error: another process went away")
        pieces += piece
    return bytes(pieces)


def train(group: Group, rows: int = ROWS, steps: int = STEPS) -> dict[str, object]:
    """Logistic regression: one weight for each feature, and one for all."""
    place = group.place
    data = make(rows, TRAIN_SEED)
    mine = slice(place.rank, None, place.world)
    features = np.log1p(data.features[mine].astype(np.float64))
    rolled_back = data.rolled_back[mine]

    # The scale of each feature, over all rows: no process has them all, sums are enough.
    width = features.shape[1]
    ones, squares = features.sum(axis=0), (features**2).sum(axis=0)
    sums = group.total(np.concatenate([[len(features)], ones, squares]))
    count, mean = sums[0], sums[1 : 1 + width] / sums[0]
    spread = np.sqrt(sums[1 + width :] / count - mean**2)
    table = np.column_stack([(features - mean) / spread, np.ones(len(features))])

    weights = np.zeros(width + 1)
    for _ in range(steps):
        missed = _sigmoid(table @ weights) - rolled_back
        weights -= RATE * group.total(table.T @ missed) / count

    aside = make(rows, HOLDOUT_SEED)
    scaled = (np.log1p(aside.features.astype(np.float64)) - mean) / spread
    guess = _sigmoid(np.column_stack([scaled, np.ones(rows)]) @ weights)
    return {
        "rank": place.rank,
        "world": place.world,
        "rows": len(features),
        "exchanged_bytes": group.exchanged,
        "auc": round(auc(aside.rolled_back, guess), 6),
        "weights": [round(float(weight), 9) for weight in weights],
    }


def _sigmoid(values: Vector) -> Vector:
    return 1 / (1 + np.exp(-values))


def main() -> int:
    group = Group.meet(Place.read())
    try:
        print(json.dumps(train(group)), flush=True)
    finally:
        group.leave()
    return 0


if __name__ == "__main__":
    sys.exit(main())
