"""What becomes of updates in a live document: checked, rehearsed, merged, loaded, shown, compared.

``judge`` may crash or never end, so it runs in a child process (``tests.crdt.apart``).
"""

import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import pycrdt
from django.conf import settings

from apps.collab.limits import Limits
from apps.collab.live_document import BrokenDocumentError, LiveDocument
from apps.collab.submission import Submission
from apps.core import clock
from apps.core.errors import AppError, InvalidInputError
from apps.crdt.analysis.content_ids import iter_content_with_ids
from apps.crdt.analysis.diff import content_changes
from apps.crdt.analysis.rehearsal import rehearse_merge
from apps.crdt.codec.structs import EMPTY_UPDATE, GAPS, Id, RawStruct, iter_structs
from apps.crdt.codec.update_reader import read_update
from apps.crdt.content.prosemirror import document_json
from apps.crdt.engine.base import EngineDocument, get_engine, has_everything
from apps.crdt.engine.text import ROOT
from apps.history.loaded_document import LoadedDocument
from tests.collab.authors import Author
from tests.fuzz.update_grammar import ROOTS

ENGINE = get_engine("pycrdt")
if "DJANGO_SETTINGS_MODULE" not in os.environ and not settings.configured:
    # `make fuzz` has the environment of its caller, and no product runs yet.
    settings.configure(CRDT_ENGINE=ENGINE.name)
#: Roots beside the content, whose texts the views read.
OTHER_ROOTS = sorted(ROOTS.keys() - {ROOT})
_DOCUMENT = "5c0f5a0a-2f5e-4c55-8d2a-53c43f1d3b11"


class Judgement(NamedTuple):
    """What became of the updates of one document, in numbers, and what failed.

    ``rehearsed``: tried in a child process first. ``unordered``: 1 where the document shows other
    content after a reload, and an item of it has origins that are no neighbours: few pass the gate
    (ADR 0017). ``unviewed``: 1 where a view answers with an error.
    """

    admitted: int
    refused: int
    pending: int
    rehearsed: int
    unordered: int
    unviewed: int
    failures: tuple[str, ...]

    def counts(self) -> dict[str, int]:
        """Return the numbers by name."""
        return {name: value for name, value in self._asdict().items() if isinstance(value, int)}


class Admission:
    """A live document, as a room has it."""

    def __init__(self) -> None:
        loaded = LoadedDocument(ENGINE.new_document(), vector={}, seq=0, size_bytes=0)
        self.live = LiveDocument(loaded, engine=ENGINE, limits=Limits())
        self.log: list[bytes] = []
        self.author = Author()
        self.malformed = self.rehearsed = 0

    def submit(self, update: bytes) -> None:
        """Bring an update into the document, as a room does."""
        try:
            header = read_update(update)
        except InvalidInputError:
            self.malformed += 1
            return
        left = [Submission(update, header, self.author, f"{len(self.log)}-{self.malformed}")]
        while left:
            drafts = self.live.prepare(left, at=0)
            operations = self.live.assign_seqs(drafts, document_id=_DOCUMENT, at=clock.now())
            self.live.mark_persisted(drafts, operations)
            self.log += [operation.update for operation in operations]
            left = self.live.take_held()
            if left and self.live.needs_comparison:
                self.live.compare(left[0], at=0)
            elif left and not left[0].is_surveyed:
                self.live.survey(left[0])
            elif left and self.live.needs_rehearsal:
                left = self._rehearsed(left)

    def _rehearsed(self, left: list[Submission]) -> list[Submission]:
        self.rehearsed += 1
        if _is_merged_apart(self.live.document.encode(), left[0].update):
            self.live.mark_rehearsed(left[0])
            return left
        self.live.refuse(left[0], InvalidInputError("The rehearsal failed."))
        return left[1:]

    def served_state(self) -> bytes:
        """Return the state that the server sends: the engine's, or the merged log (ADR 0001)."""
        if has_everything(ENGINE, self.live.document, self.live.vector):
            return self.live.document.encode()
        return ENGINE.merge(self.log)

    def is_stable(self) -> bool:
        """Return whether the document shows the same when it is loaded, and when it is replayed."""
        shown = shown_by(self.live.document)
        return shown == shown_by(_loaded([self.served_state()])) == shown_by(_loaded(self.log))


def _is_merged_apart(state: bytes, update: bytes) -> bool:
    """Return whether a child process stands the rehearsal of an update (ADR 0015)."""
    child = os.fork()
    if not child:
        try:
            rehearse_merge(ENGINE.name, state, [update])
        except BaseException:  # noqa: BLE001 - whatever it is, the edit is refused
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def _loaded(updates: Sequence[bytes]) -> EngineDocument:
    document = ENGINE.new_document()
    for update in updates:
        document.apply(update)
    return document


def judge(updates: Sequence[bytes]) -> Judgement:
    """Submit the updates of a document; return what became of them."""
    admission = Admission()
    failures: list[str] = []
    unordered = unviewed = 0
    for update in updates:
        try:
            admission.submit(update)
        except BrokenDocumentError as err:
            failures.append(f"The engine failed at an admitted update: {err.__cause__}")
            break
        if not admission.is_stable():
            if has_non_neighbours_as_neighbours(admission.log):
                unordered = 1
            else:
                failures.append("The document shows other content after a reload.")
            break
    try:
        _view(admission)
    except (AppError, RuntimeError):  # the second one is answered by the pool of child processes
        unviewed = 1
    return Judgement(
        admitted=len(admission.log),
        refused=admission.malformed + len(admission.author.rejected),
        pending=len(admission.live.pending),
        rehearsed=admission.rehearsed,
        unordered=unordered,
        unviewed=unviewed,
        failures=tuple(failures),
    )


def has_non_neighbours_as_neighbours(log: Sequence[bytes]) -> bool:
    """Return whether an item of a log names two origins that were never neighbours.

    Neighbours have one of two marks (``apps.crdt.engine.merge_cost``). An item that repeats known
    clocks may continue what it is not beside.
    """
    structs = _Structs(log)
    return structs.overlap() or any(structs.are_strangers(*one.origins) for one in structs.items())


class _Structs:
    """The structs of a log by client, in order of their clocks."""

    def __init__(self, log: Sequence[bytes]) -> None:
        self._clients: dict[int, list[RawStruct]] = {}
        for update in log:
            for struct in iter_structs(update):
                self._clients.setdefault(struct.client, []).append(struct)
        for structs in self._clients.values():
            structs.sort(key=lambda struct: struct.clock)

    def items(self) -> Iterator[RawStruct]:
        """Yield the structs that are no gaps."""
        for structs in self._clients.values():
            yield from (struct for struct in structs if struct.kind not in GAPS)

    def overlap(self) -> bool:
        """Return whether two structs have one clock."""
        return any(
            one.clock + one.length > following.clock
            for structs in self._clients.values()
            for one, following in pairwise(structs)
        )

    def are_strangers(self, left: Id | None, right: Id | None) -> bool:
        """Return whether two origins have neither mark of neighbours."""
        if right is None:
            return left is not None and self._origins(left)[1] is not None
        if self._origins(right)[0] == left:
            return False
        return left is None or self._origins(left)[1] != right

    def _origins(self, id_: Id) -> tuple[Id | None, Id | None]:
        client, clock = id_
        structs = self._clients[client]
        struct = structs[bisect_right(structs, clock, key=lambda one: one.clock) - 1]
        if struct.kind in GAPS:
            return None, None
        left, right = struct.origins
        return ((client, clock - 1) if clock > struct.clock else left), right


def _view(admission: Admission) -> None:
    """Make every view of the document."""
    state = admission.served_state()
    half = admission.log[: len(admission.log) // 2]
    earlier = ENGINE.merge(half) if half else EMPTY_UPDATE
    admission.live.document.text()
    document_json(state)
    list(iter_content_with_ids(state))
    list(content_changes(earlier=earlier, later=state))


def shown_by(document: EngineDocument) -> str:
    """Return what readers of a document see, as text: its content, and the texts of other roots.

    Nothing of the product reads maps and arrays.
    """
    doc: pycrdt.Doc[Any] = document._doc  # type: ignore[attr-defined]
    with doc.transaction():
        root = doc.get(ROOT, type=pycrdt.XmlFragment)
        others = [_shown(doc.get(name, type=pycrdt.Text)) for name in OTHER_ROOTS]
        return repr(([_shown(child) for child in root.children], others))


def _shown(value: Any) -> Any:
    """Return a node or a value in a form that can be compared."""
    if isinstance(value, pycrdt.XmlElement):
        return value.tag, _attributes(value), [_shown(child) for child in value.children]
    if isinstance(value, pycrdt.XmlText):
        return _runs(value), _attributes(value)
    if isinstance(value, pycrdt.Text):
        return _runs(value)
    if isinstance(value, pycrdt.XmlFragment):
        return [_shown(child) for child in value.children]
    if isinstance(value, dict):
        return {key: _shown(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_shown(one) for one in value]
    plain = value is None or isinstance(value, str | int | float | bytes | bytearray)
    return value if plain else type(value).__name__


def _attributes(node: pycrdt.XmlText | pycrdt.XmlElement) -> dict[str, Any]:
    pairs: Any = node.attributes
    return {name: _shown(value) for name, value in sorted(pairs, key=lambda pair: pair[0])}


def _runs(text: pycrdt.Text | pycrdt.XmlText) -> list[tuple[Any, Any]]:
    """Return runs of text with their marks, joined wherever the engine splits them."""
    runs: list[tuple[Any, Any]] = []
    for chunk, marks in text.diff():
        shown, formats = _shown(chunk), _shown(dict(marks or {}))
        joins = bool(runs) and isinstance(shown, str) and isinstance(runs[-1][0], str)
        if joins and repr(runs[-1][1]) == repr(formats):
            runs[-1] = (runs[-1][0] + shown, formats)
        else:
            runs.append((shown, formats))
    return runs
