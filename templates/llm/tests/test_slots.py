"""The queue by itself: who gets a slot, who waits, who is sent away."""

import asyncio

import pytest

from server.slots import FullError, Slots


def test_a_slot_goes_to_whoever_waits_longest() -> None:
    async def scene() -> None:
        slots = Slots(1, 0, 0)
        await slots.take("a")
        order: list[str] = []

        async def come(name: str) -> None:
            await slots.take(name)
            order.append(name)

        waiting = [asyncio.create_task(come(name)) for name in "bcd"]
        await asyncio.sleep(0)
        waiting[1].cancel()  # c leaves
        for name in "ab":
            slots.free(name)
            await asyncio.sleep(0.01)
        assert order == ["b", "d"]
        slots.free("d")
        assert (slots.active, slots.free_slots, dict(slots.here)) == (0, 1, {})

    asyncio.run(scene())


def test_who_leaves_in_the_moment_of_its_turn_hands_the_slot_on() -> None:
    async def scene() -> None:
        slots = Slots(1, 0, 0)
        await slots.take("a")
        leaves, stays = (asyncio.create_task(slots.take(name)) for name in "bc")
        await asyncio.sleep(0)
        slots.free("a")  # it is b's turn, who does not know yet
        leaves.cancel()
        await asyncio.wait_for(stays, 1)
        assert slots.active == 1

    asyncio.run(scene())


def test_a_slot_that_is_freed_while_someone_leaves_goes_to_the_next() -> None:
    async def scene() -> None:
        slots = Slots(1, 0, 0)
        await slots.take("a")
        leaves, stays = (asyncio.create_task(slots.take(name)) for name in "bc")
        await asyncio.sleep(0)
        leaves.cancel()  # b leaves, and is still in the queue
        slots.free("a")
        await asyncio.wait_for(stays, 1)
        assert (slots.active, len(slots.waiting), dict(slots.here)) == (1, 0, {"c": 1})
        slots.free("c")
        assert slots.free_slots == 1

    asyncio.run(scene())


def test_a_slot_is_free_when_everybody_leaves_at_once() -> None:
    async def scene() -> None:
        slots = Slots(1, 0, 0)
        await slots.take("a")
        leaving = [asyncio.create_task(slots.take(name)) for name in "bcd"]
        await asyncio.sleep(0)
        for task in leaving:
            task.cancel()
        slots.free("a")
        await asyncio.wait(leaving, timeout=1)
        assert all(task.cancelled() for task in leaving)
        assert (slots.free_slots, len(slots.waiting), dict(slots.here)) == (1, 0, {})

    asyncio.run(scene())


def test_limits_send_away_with_a_reason() -> None:
    async def scene() -> None:
        slots = Slots(1, 1, 2)
        await slots.take("a")
        second = asyncio.create_task(slots.take("a"))
        await asyncio.sleep(0)
        with pytest.raises(FullError, match="a has 2 requests"):
            await slots.take("a")
        with pytest.raises(FullError, match="1 requests wait"):
            await slots.take("b")
        slots.free("a")
        await second

    asyncio.run(scene())
