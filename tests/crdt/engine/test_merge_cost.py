"""The bound of what a merge costs: never too low, and nothing for what people write."""

import random

import pytest

from apps.crdt.codec.structs import Id
from apps.crdt.codec.update_reader import read_update
from apps.crdt.content.conversion import content_convert
from apps.crdt.engine.merge_cost import LOAD_STEPS, QUICK_SHARE, STEP_S, MergeCost
from apps.crdt.engine.placements import placements_of
from tests.crdt.engine.placing import Item, any_items, encoded, shuffled, steps_to_place
from tests.crdt.samples import ALL_HISTORIES
from tests.crdt.scribbling import Scribbler

#: Items that claim one place: a text, and an item before each of its letters that claims the start.
_COUNT = 400


def text(count: int) -> list[Item]:
    """Return a text, typed letter by letter."""
    return [Item(1, clock, (1, clock - 1) if clock else None, None) for clock in range(count)]


def claims_by_one(count: int) -> list[Item]:
    """Return items of one client that claim all places before a letter."""
    return [Item(2, clock, None, (1, clock)) for clock in range(count)]


def claims_by_many(count: int) -> list[Item]:
    """Return an item of each of many clients at one place."""
    return [Item(client, 0, (1, 3), (1, 4)) for client in range(2, count + 2)]


def claims_after_one(count: int) -> list[Item]:
    """Return items behind one that lies between two neighbours with a text of its own."""
    chain = [Item(2, 0, (1, 0), (1, 9))]
    chain += [Item(2, clock, (2, clock - 1), (1, 9)) for clock in range(1, count)]
    before: Id = (1, 1)
    claims = []
    for clock in range(count):
        claims.append(Item(3, clock, (1, 0), before))
        before = (3, clock)
    return chain + claims


def add(cost: MergeCost, update: bytes, *, at: float = 0.0) -> bool:
    """Count an update; return whether it is to be tried."""
    return cost.add(update, len(update), header=read_update(update), at=at)


@pytest.mark.parametrize("seed", range(300))
def test_bound_is_never_below_the_steps_of_any_order(seed: int) -> None:
    """With any origins; where nothing may be costly, each item costs a step at most."""
    chance = random.Random(seed)
    items = any_items(chance, count=chance.choice([5, 12, 30]), clients=chance.choice([1, 3, 5]))
    placements = placements_of([encoded(items)])
    for _ in range(4):
        steps = steps_to_place(shuffled(chance, items))
        assert steps <= (placements.conflicts + 1) * placements.blocks


@pytest.mark.parametrize("seed", range(200))
def test_bound_of_small_updates_is_never_below_their_steps(seed: int) -> None:
    """Some are surveyed together; the last items of the clients are remembered in between."""
    chance = random.Random(seed)
    items = any_items(chance, count=40, clients=chance.choice([1, 3, 5]))
    tails: dict[int, tuple[int, Id | None]] = {}
    blocks = bound = 0
    rest = items
    while rest:
        count = chance.randint(1, 8)
        together, rest = rest[:count], rest[count:]
        placements = placements_of([encoded([item]) for item in together], tails)
        tails.update(placements.tails)
        blocks += placements.blocks
        bound += placements.conflicts * blocks
    assert steps_to_place(items) <= 2 * bound + blocks


@pytest.mark.parametrize("claims", [claims_by_one, claims_by_many, claims_after_one])
def test_items_that_claim_one_place_are_counted(claims: object) -> None:
    """In one update, and in an update for each."""
    assert callable(claims)
    base, attack = text(_COUNT), claims(_COUNT)
    assert placements_of([encoded(base + attack)]).conflicts >= _COUNT
    cost = MergeCost(state_bytes=100_000)
    tried = [add(cost, encoded([item])) for item in base + attack]
    assert not any(tried[:_COUNT])
    assert any(tried)


@pytest.mark.parametrize("seed", range(200))
def test_conflicts_are_the_same_with_and_without_headers(seed: int) -> None:
    """Text that is counted without its updates, between items of others, hides nothing."""
    chance = random.Random(seed)
    items = any_items(chance, count=60, clients=chance.choice([1, 3, 5]))
    with_headers, without = MergeCost(), MergeCost()
    for one in items:
        update = encoded([one])
        with_headers.add(update, len(update), header=read_update(update))
        without.add(update, len(update))
        if chance.random() < 0.1:
            for cost in (with_headers, without):
                cost.add_placements(placements_of([]))
    for cost in (with_headers, without):
        cost.add_placements(placements_of([]))
    assert with_headers._conflicts == without._conflicts
    assert with_headers.blocks >= without.blocks


def test_typed_text_is_never_surveyed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten people who type in a document of a MiB cost no look at their updates."""
    cost = MergeCost(state_bytes=2**20)
    updates = [
        encoded([Item(client, clock, (client, clock - 1) if clock else (99, client), (99, 50))])
        for clock in range(300)
        for client in range(10)
    ]
    surveyed = []
    monkeypatch.setattr(MergeCost, "_survey", lambda _self, at: surveyed.append(at))
    for update in updates[10:]:
        add(cost, update)
    assert len(surveyed) <= 10


def test_text_that_was_refused_leaves_no_trace() -> None:
    """What its client types next, at the same clocks, is counted as before."""
    cost = MergeCost(state_bytes=2**20)
    updates = [encoded([item]) for item in text(20)]
    for update in updates[:10]:
        add(cost, update)
    blocks = cost.blocks
    add(cost, updates[10])
    cost.undo(updates[10])
    assert cost.blocks == blocks
    assert not any(add(cost, update) for update in updates[10:])


def test_refused_update_leaves_no_trace() -> None:
    """The next people pay nothing for it."""
    cost = MergeCost(state_bytes=10_000)
    assert not add(cost, encoded(text(10)))
    attack = encoded(claims_by_one(20_000))
    assert add(cost, attack)
    cost.undo(attack)
    assert not any(add(cost, encoded([item])) for item in text(500)[10:])


def test_steps_come_back_with_time() -> None:
    """A burst is tried, and the same later is not."""
    cost = MergeCost(state_bytes=1_000_000)
    jumps = [encoded([Item(client, 0, (99, client), (99, client + 50))]) for client in range(2, 32)]
    assert any(add(cost, jump, at=1.0) for jump in jumps)
    cost.reset()
    assert not any(add(cost, jump, at=10.0 * n) for n, jump in enumerate(jumps, start=1))


def test_slow_growth_is_noticed_without_any_burst() -> None:
    """The load of the document is tried, before it has become slow."""
    cost = MergeCost(state_bytes=100_000)
    claims = claims_by_one(5_000)
    tried = next(
        number for number, item in enumerate(claims) if add(cost, encoded([item]), at=60.0 * number)
    )
    assert tried * 100_000 / 12 < 2 * LOAD_STEPS


def test_quick_merges_are_charged_what_they_took() -> None:
    """People who jump about in a document of 3 MiB name neighbours: one trial in a thousand jumps.

    Their merges take a step each, and could have taken one for each block.
    """
    cost = MergeCost(state_bytes=3 * 2**20)
    tried = 0
    for number in range(1_000):
        jump = encoded([Item(2, number, (99, 7 * number), (99, 7 * number + 50))])
        if add(cost, jump, at=number / 20):
            tried += 1
            cost.reset()
        else:
            cost.settle(STEP_S)
    assert tried <= 1


@pytest.mark.parametrize("state_bytes", [20_000, 3 * 2**20], ids=["small", "large"])
def test_slow_merges_are_charged_in_full(state_bytes: int) -> None:
    """Of items that do claim one place; about as early as where nothing is timed."""
    numbers = []
    for is_timed in (False, True):
        cost = MergeCost(state_bytes=state_bytes)
        for number, item in enumerate(claims_by_one(5_000)):
            if add(cost, encoded([item]), at=number / 20):
                break
            if is_timed and not cost.is_free:
                cost.settle(cost.blocks * STEP_S)
        numbers.append(number)
    assert numbers[1] <= 1.1 * numbers[0] < 4_999


def test_refused_update_is_not_taken_for_a_timed_one() -> None:
    """The next merge is charged by itself."""
    cost = MergeCost(state_bytes=1_000)
    refused, jump = (encoded([Item(client, 0, (99, 1), (99, 50))]) for client in (2, 3))
    assert not add(cost, refused)
    cost.undo(refused)
    assert not add(cost, jump)
    cost.settle(STEP_S)
    cost.add_placements(placements_of([]))
    assert cost._conflicts == pytest.approx(QUICK_SHARE)


# --- people ---------------------------------------------------------------------------------------


def is_ever_tried(updates: list[bytes], *, state_bytes: int) -> bool:
    """Return whether one of the updates is to be tried, at ten of them in a second."""
    cost = MergeCost(state_bytes=state_bytes)
    return any(add(cost, update, at=number / 10) for number, update in enumerate(updates))


@pytest.mark.parametrize("history", ALL_HISTORIES, ids=lambda history: history.name)
def test_golden_histories_are_never_tried(history: object) -> None:
    """The edits of Yjs, also of several writers at one place, in a document of 100 kB."""
    updates: list[bytes] = history.updates  # type: ignore[attr-defined]
    assert not is_ever_tried(updates, state_bytes=100_000)


@pytest.mark.parametrize("seed", range(5))
def test_scribbling_of_three_is_never_tried(seed: int) -> None:
    """Elements, texts, attributes, maps, lists and deletes at random places, in one update."""
    state = Scribbler(random.Random(seed)).write(200)[-1]
    assert not is_ever_tried([state], state_bytes=10_000)


def test_typing_into_a_large_document_is_never_tried() -> None:
    """Twenty people, each at an own place of a document of a MiB."""
    updates = [
        encoded([Item(client, clock, (client, clock - 1) if clock else (99, client), (99, 50))])
        for clock in range(200)
        for client in range(20)
    ]
    assert not is_ever_tried(updates, state_bytes=2**20)


def test_large_paste_is_never_tried() -> None:
    """Two thousand blocks with marks and lists, into a document of a MiB."""
    text = "\n\n".join(f"# {n}\n\nsome *text*, **bold** text\n\n- a\n- b" for n in range(500))
    update = content_convert(text, "md").update
    assert update is not None
    assert placements_of([update]).conflicts <= 1
    assert not is_ever_tried([update], state_bytes=2**20)


def test_large_paste_cuts_nothing() -> None:
    """Its items stand in elements of its own; deletes and items inside texts may cut one."""
    text = "\n\n".join(f"# {n}\n\nsome *text*, **bold** text\n\n- a\n- b" for n in range(500))
    update = content_convert(text, "md").update
    assert update is not None
    assert placements_of([update]).cuts <= 1
    letters = [Item(1, clock, (1, clock - 1) if clock else None, None) for clock in range(30)]
    inside = [Item(2, clock, (1, clock), (1, clock + 1)) for clock in range(20)]
    assert placements_of([encoded(letters + inside)]).cuts >= 20
