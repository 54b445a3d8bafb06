"""Rooms with limits that a test chooses."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from channels.layers import channel_layers

from apps.collab.limits import Limits
from apps.collab.room import Room
from apps.oplog.publisher import Publisher
from tests.collab.rooms import House

#: Makes another server: ``make_house(queue_bytes=200)``.
MakeHouse = Callable[..., House]


@pytest.fixture(autouse=True)
def channel_layer() -> None:
    """Start with a new channel layer: it belongs to one event loop, and each test has its own."""
    channel_layers.backends.clear()


@pytest.fixture
async def make_house(publisher: Publisher) -> AsyncIterator[MakeHouse]:
    """Return a factory of servers with limits that differ from the defaults."""
    async with AsyncExitStack() as houses:

        def make(**limits: Any) -> House:
            house = House(Limits(**limits), publisher)
            houses.push_async_callback(house.close)
            return house

        yield make


@pytest.fixture
def house(make_house: MakeHouse) -> House:
    """Return one server with small limits."""
    return make_house(queue_bytes=200, lock_idle_s=0.05)


@pytest.fixture
async def room(house: House) -> Room:
    """Return the room of a new document."""
    return await house.open()
