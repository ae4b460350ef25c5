import asyncio

import pytest

from relay.media.mailbox import ClosedError, Mailbox


async def test_the_newest_wins_and_the_others_are_counted() -> None:
    box = Mailbox[int]()
    for number in range(5):
        box.put(number)
    assert await box.take() == 4
    assert box.dropped == 4


async def test_what_was_taken_is_not_counted_as_dropped() -> None:
    box = Mailbox[int]()
    for number in range(5):
        box.put(number)
        assert await box.take() == number
    assert box.dropped == 0


async def test_none_is_a_thing_like_any_other() -> None:
    box = Mailbox[str | None]()
    box.put(None)
    assert await box.take() is None
    box.put(None)
    box.put(None)
    assert box.dropped == 1


async def test_taking_waits_for_something() -> None:
    box = Mailbox[str]()
    waiting = asyncio.create_task(box.take())
    await asyncio.sleep(0)
    assert not waiting.done()
    box.put("late")
    assert await waiting == "late"


async def test_closing_wakes_the_taker() -> None:
    box = Mailbox[str]()
    waiting = asyncio.create_task(box.take())
    await asyncio.sleep(0)
    box.close()
    with pytest.raises(ClosedError):
        await waiting


async def test_a_closed_box_stays_empty() -> None:
    box = Mailbox[str]()
    box.put("held")
    box.close()
    box.put("more")
    with pytest.raises(ClosedError):
        await box.take()
    box.close()


async def test_iterating_ends_with_the_box() -> None:
    box = Mailbox[int]()
    seen: list[int] = []

    async def collect() -> None:
        seen.extend([number async for number in box])

    collecting = asyncio.create_task(collect())
    for number in range(3):
        box.put(number)
        await asyncio.sleep(0.001)
    box.close()
    await collecting
    assert seen == [0, 1, 2]


async def test_a_cancelled_taker_loses_nothing() -> None:
    box = Mailbox[int]()
    waiting = asyncio.create_task(box.take())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    box.put(1)
    assert await box.take() == 1
