"""What becomes of updates behind reader, gate and guard: applied, encoded, loaded, shown, compared.

``judge`` may crash or never end, so it runs in a child process (``tests.crdt.apart``).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pycrdt

from apps.core.errors import AppError, InvalidInputError, LimitExceededError
from apps.crdt.analysis.content_ids import iter_content_with_ids
from apps.crdt.analysis.diff import content_changes
from apps.crdt.codec.structs import EMPTY_UPDATE
from apps.crdt.codec.update_reader import UpdateHeader, read_update
from apps.crdt.codec.vectors import Vector
from apps.crdt.content.prosemirror import document_json
from apps.crdt.engine.base import EngineBrokenError, EngineDocument, get_engine, has_everything
from apps.crdt.engine.causal_gate import Pending, advance, brings_structs, missing_clocks
from apps.crdt.engine.structure_guard import StructureGuard
from apps.crdt.engine.text import ROOT
from tests.fuzz.update_grammar import ROOTS

ENGINE = get_engine("pycrdt")
#: Roots beside the content, whose texts the views read.
OTHER_ROOTS = sorted(ROOTS.keys() - {ROOT})


class Judgement(NamedTuple):
    """What became of the updates of one document, in numbers, and what failed at its end.

    ``broken``: admitted, and then the engine failed. ``unstable``: admitted, and shown otherwise
    after a reload. A room tries such updates in a child process first, and refuses them; so does
    ``judge``, for every update. ``unviewed``: 1 where a view answers with an error, as a state does
    whose clocks the engine has confused (ADR 0001).
    """

    admitted: int
    refused: int
    pending: int
    broken: int
    unstable: int
    unviewed: int
    failures: tuple[str, ...]

    def counts(self) -> dict[str, int]:
        """Return the numbers by name."""
        return {name: value for name, value in self._asdict().items() if isinstance(value, int)}


class Admission:
    """A document behind reader, gate and guard, as a room has it."""

    def __init__(self) -> None:
        self.document: EngineDocument = ENGINE.new_document()
        self.log: list[bytes] = []
        self.vector: Vector = {}
        self.refused = self.broken = self.unstable = 0
        self.pending: Pending[bytes] = Pending(max_bytes=1_000_000, max_age_s=60)
        self._guard = StructureGuard()

    def submit(self, update: bytes) -> None:
        """Check an update; apply it, with those that waited for it."""
        try:
            header = read_update(update)
        except InvalidInputError:
            self.refused += 1
            return
        if missing_clocks(header, self.vector) is not None:
            self.pending.add(header, update, at=0)
            return
        ready = [(header, update)]
        while ready:
            self._admit(*ready.pop(0))
            ready += self.pending.release(self.vector)

    def served_state(self) -> bytes:
        """Return the state that the server sends: the engine's, or the merged log (ADR 0001)."""
        if has_everything(ENGINE, self.document, self.vector):
            return self.document.encode()
        return ENGINE.merge(self.log)

    def _admit(self, header: UpdateHeader, update: bytes) -> None:
        try:
            self._guard.check(header, update, self.document, self.vector)
        except (InvalidInputError, LimitExceededError):
            self.refused += 1
            return
        new_structs = brings_structs(header, self.vector)
        before = dict(self.vector)
        try:
            if not self.document.apply(update, brings_structs=new_structs):
                return
            self.log.append(update)
            advance(self.vector, header)
            if self.is_stable():
                self._guard.add(update)
                return
            self.unstable += 1
        except (InvalidInputError, EngineBrokenError):
            self.broken += 1
        self.vector = before
        self.log = [logged for logged in self.log if logged is not update]
        self._rebuild()

    def is_stable(self) -> bool:
        """Return whether the document shows the same when it is loaded, and when it is replayed."""
        shown = shown_by(self.document)
        return shown == shown_by(_loaded([self.served_state()])) == shown_by(_loaded(self.log))

    def _rebuild(self) -> None:
        """Replay the log, as a room does after the engine has failed."""
        self.document = _loaded(self.log)
        self._guard = StructureGuard()


def _loaded(updates: Sequence[bytes]) -> EngineDocument:
    document = ENGINE.new_document()
    for update in updates:
        document.apply(update)
    return document


def judge(updates: Sequence[bytes]) -> Judgement:
    """Submit the updates of a document; return what became of them."""
    admission = Admission()
    for update in updates:
        admission.submit(update)
    failures, unviewed = [], 0
    if not admission.is_stable():
        failures.append("The document shows other content after a reload.")
    try:
        _view(admission)
    except (AppError, RuntimeError):  # the second one is answered by the pool of child processes
        unviewed = 1
    return Judgement(
        admitted=len(admission.log),
        refused=admission.refused,
        pending=len(admission.pending),
        broken=admission.broken,
        unstable=admission.unstable,
        unviewed=unviewed,
        failures=tuple(failures),
    )


def _view(admission: Admission) -> None:
    """Make every view of the document."""
    state = admission.served_state()
    half = admission.log[: len(admission.log) // 2]
    earlier = ENGINE.merge(half) if half else EMPTY_UPDATE
    admission.document.text()
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
