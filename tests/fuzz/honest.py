"""Two honest people who type all the while, and how long their words take."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from tests.crash.typing_people import TypingPerson
from tests.fuzz.product_clock import ProductClock
from tests.support.clients import Client
from tests.support.launcher import Launched

#: Pause between two words, in seconds.
PAUSE_S = 0.05


class HonestPerson(TypingPerson):
    """A person who measures: the time from a word to its ack, and to the other screen.

    ``sent_at`` is shared by all people of a document: when each word was written, by the clock of
    the web server.
    """

    def __init__(
        self, stack: Launched, document_id: str, username: str, *, native: bool, seed: int
    ) -> None:
        super().__init__(
            stack.ws_url,
            document_id,
            stack.token(username),
            name=username,
            native=native,
            seed=seed,
            pause_s=PAUSE_S,
        )
        self._clock = ProductClock(partial(stack.pid, "web"))
        self.sent_at: dict[str, float] = {}
        self.worst_ack_s = 0.0
        self.worst_seen_s = 0.0

    async def _write(self, client: Client) -> None:
        self.sent_at[f"{self.name}{len(self.written)}"] = self._clock.now()
        await super()._write(client)

    def _look(self, client: Client) -> None:
        acknowledged, seen = len(self.acknowledged), set(self.seen)
        super()._look(client)
        now = self._clock.now()
        for word in list(self.acknowledged.values())[acknowledged:]:
            self.worst_ack_s = max(self.worst_ack_s, now - self.sent_at[word])
        for word in self.seen - seen:
            if word in self.sent_at:
                self.worst_seen_s = max(self.worst_seen_s, now - self.sent_at[word])


@asynccontextmanager
async def two_people(stack: Launched, document_id: str) -> AsyncIterator[list[HonestPerson]]:
    """Let Ada and Grace type in a document, one as a native and one as a stock client."""
    async with AsyncExitStack() as here:
        ada = HonestPerson(stack, document_id, "ada", native=True, seed=1)
        grace = HonestPerson(stack, document_id, "grace", native=False, seed=2)
        grace.sent_at = ada.sent_at
        yield [await here.enter_async_context(person) for person in (ada, grace)]


def missing_words(text: str, people: Sequence[TypingPerson]) -> list[str]:
    """Return the words of people that a text does not have; others may write beside them."""
    return [word for person in people for word in person.written if f"{word} " not in text]


async def until_settled(people: Sequence[HonestPerson], deadline_s: float) -> str:
    """Wait until both screens are equal and have every word; return what is wrong, or nothing."""
    for person in people:
        person.stop_typing()
    loop = asyncio.get_running_loop()
    end = loop.time() + deadline_s
    while True:
        wrong = _unsettled(people)
        if not wrong or loop.time() > end:
            return wrong
        await asyncio.sleep(PAUSE_S)


def _unsettled(people: Sequence[HonestPerson]) -> str:
    for person in people:
        if not person.is_settled:
            return f"{person.name} has words that are not stored"
        if missing := missing_words(person.text, people):
            return f"the screen of {person.name} lacks {len(missing)} words: {missing[:3]}"
    one, other = people
    return "" if one.text == other.text else "the screens of both people differ"
