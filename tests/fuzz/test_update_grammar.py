"""The grammar of odd updates: repeatable by its seed, valid, and odd."""

from apps.core.errors import InvalidInputError
from apps.crdt.codec.contents import ANY, BINARY, DELETED, EMBED, FORMAT, STRING, TYPE
from apps.crdt.codec.structs import GC, HAS_BOTH_ORIGINS, HAS_PARENT_KEY, SKIP, iter_structs
from apps.crdt.codec.update_reader import read_update
from tests.fuzz.update_grammar import odd_document

#: Documents of a test.
MANY = 200


def _valid() -> list[bytes]:
    """Return the updates of many documents that the strict reader accepts."""
    found = []
    for seed in range(MANY):
        for update in odd_document(seed):
            try:
                read_update(update)
            except InvalidInputError:
                continue
            found.append(update)
    return found


def test_documents_repeat_by_their_seed() -> None:
    """A finding names its seed, and nothing else is needed."""
    assert odd_document(7) == odd_document(7)
    assert odd_document(7) != odd_document(8)


def test_most_updates_are_valid_and_some_are_not() -> None:
    """The reader is not the only part that is tried."""
    made = sum(len(odd_document(seed)) for seed in range(MANY))
    assert 0.7 * made < len(_valid()) < made


def test_grammar_has_every_form() -> None:
    """Each kind of content, keys, both origins, and several clients in one update."""
    updates = _valid()
    structs = [struct for update in updates for struct in iter_structs(update)]
    kinds = {struct.kind for struct in structs}
    assert kinds == {GC, SKIP, DELETED, BINARY, STRING, EMBED, FORMAT, TYPE, ANY}
    infos = {struct.update[struct.start] & ~31 for struct in structs}
    assert HAS_PARENT_KEY in infos
    assert HAS_BOTH_ORIGINS in infos
    assert max(len(read_update(update).ranges) for update in updates) > 2
    assert any(read_update(update).deletes for update in updates)


def test_grammar_cuts_surrogate_pairs() -> None:
    """By a delete, or by a neighbour in the middle of a pair."""
    cut = 0
    for seed in range(MANY):
        pairs: set[tuple[int, int]] = set()
        for update in odd_document(seed):
            try:
                header = read_update(update)
            except InvalidInputError:
                continue
            for struct in iter_structs(update):
                if struct.kind == STRING:
                    pairs |= {
                        (struct.client, struct.clock + at) for at in _second_halves(struct.text)
                    }
                cut += bool(pairs & {origin for origin in struct.origins[1:] if origin})
            starts = {(client, run[0]) for client, runs in header.deletes.items() for run in runs}
            cut += bool(pairs & starts)
    assert cut > MANY / 10


def _second_halves(text: str) -> list[int]:
    """Return the offsets of the second halves of surrogate pairs, in UTF-16 units."""
    units = text.encode("utf-16-le")
    return [at // 2 for at in range(0, len(units), 2) if 0xDC <= units[at + 1] <= 0xDF]
