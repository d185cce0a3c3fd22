"""Who is worked on, who waits, and who is sent away. Pure bookkeeping: no sockets."""

import asyncio
from collections import Counter, deque


class FullError(Exception):
    """No place for this request; the message has the reason."""


class Slots:
    """As many requests as llama.cpp has slots; the rest wait here, in order, where they can leave.

    A request that waits inside llama.cpp is worked on even when its caller has long left.
    """

    def __init__(self, slots: int, queue: int, per_caller: int) -> None:
        self.free_slots = slots
        self.queue = queue
        self.per_caller = per_caller
        self.waiting: deque[asyncio.Future[None]] = deque()
        self.active = 0
        self.here: Counter[str] = Counter()

    async def take(self, caller: str) -> None:
        if self.per_caller and self.here[caller] >= self.per_caller:
            raise FullError(
                f"{caller} has {self.here[caller]} requests here: wait for their answers"
            )
        if self.free_slots == 0 and self.queue and len(self.waiting) >= self.queue:
            raise FullError(f"{len(self.waiting)} requests wait already: try again later")
        self.here[caller] += 1
        try:
            await self._turn()
        except asyncio.CancelledError:
            self._leave(caller)
            raise
        self.active += 1

    async def _turn(self) -> None:
        if self.free_slots and not self.waiting:
            self.free_slots -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self.waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self._next()  # it was this one's turn just now: the slot goes on
            elif turn in self.waiting:
                self.waiting.remove(turn)
            raise

    def free(self, caller: str) -> None:
        self.active -= 1
        self._leave(caller)
        self._next()

    def _next(self) -> None:
        while self.waiting:
            turn = self.waiting.popleft()
            if not turn.done():  # whoever left in this moment is still in the queue, cancelled
                turn.set_result(None)
                return
        self.free_slots += 1

    def _leave(self, caller: str) -> None:
        self.here[caller] -= 1
        if not self.here[caller]:
            del self.here[caller]
