import asyncio

from relay.sfu.egress import Egress
from relay.sfu.nowhere import NullEgress
from tests.fakes import until
from tests.sfu.people import EventLog, camera, leaving_nothing


async def test_nowhere_takes_what_it_is_given_until_it_is_closed() -> None:
    nowhere, events = NullEgress(), EventLog()
    egress: Egress = nowhere
    async with leaving_nothing():
        await egress.close()
        await egress.publish(camera, events)
        await until(lambda: min(nowhere.taken["video"], nowhere.taken["audio"]) >= 3)
        await egress.close()
        await egress.close()
        taken = nowhere.taken.copy()
        await asyncio.sleep(0.1)
        assert nowhere.taken == taken
    assert not events.received
