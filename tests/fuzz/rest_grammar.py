"""A grammar of REST calls: paths, parameters, bodies, and content to import. Pure.

No call deletes what honest people wrote: an editor may do that, so it would be no finding.
"""

import base64
import random
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote, urlencode

from tests.fuzz import values
from tests.fuzz.inputs import DOCUMENT, RestInput

_HERE: Final = f"documents/{DOCUMENT}"
_JSON: Final = "application/json"
#: Calls that read one document, with the names of their parameters.
_READS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("", ()),
    ("state/", ("vector",)),
    ("authorship/", ("at", "after")),
    ("deletions/", ("after", "before", "limit")),
    ("move-conflicts/", ()),
    ("operations/", ("after", "limit")),
    ("operations/stream/", ("after", "limit")),
    ("activity/", ("before", "limit")),
    ("versions/", ("before", "limit")),
    ("versions/{number}/", ()),
    ("versions/{number}/diff/", ("against",)),
    ("versions/{number}/restore/", ("part",)),
    ("at/{number}/state/", ()),
    ("at/{number}/diff/", ("against",)),
    ("at/{number}/restore/", ("part",)),
    ("export/{kind}/", ()),
    ("export/json/", ()),
    ("export/html/", ()),
    ("permissions/", ()),
    ("undo/", ("author", "since")),
)
#: Calls of an account, without a document.
_LISTS: Final = ("documents/", "users/", "users/me/", "", "documents/nowhere/", "nowhere/")
KINDS: Final = ("md", "html", "txt", "json")


class RestGrammar:
    """Writes REST calls; ``update`` makes the updates of those that submit one."""

    def __init__(self, chance: random.Random, update: Callable[[], bytes]) -> None:
        self._chance = chance
        self._update = update
        self._calls: list[tuple[int, Callable[[], RestInput]]] = [
            (5, self._read),
            (4, self._import),
            (4, self._submit),
            (2, self._write),
            (1, self._list),
        ]

    def input(self) -> RestInput:
        """Return the next call."""
        weights = [weight for weight, _ in self._calls]
        [(_, make)] = self._chance.choices(self._calls, weights)
        return make()

    def _read(self) -> RestInput:
        path, names = self._chance.choice(_READS)
        path = path.format(number=self._small(), kind=self._chance.choice((*KINDS, "pdf", "x")))
        return self._get(f"{_HERE}/{path}", names)

    def _list(self) -> RestInput:
        return self._get(self._chance.choice(_LISTS), ("search", "page", "cursor", "folder"))

    def _get(self, path: str, names: tuple[str, ...]) -> RestInput:
        chance = self._chance
        chosen = [name for name in names if chance.random() < 0.6]
        query = {name: chance.choice((self._small(), self._text(), 5)) for name in chosen}
        who = chance.choice(("editor", "editor", "viewer", "nobody"))
        path += f"?{urlencode(query)}" if query else ""
        return RestInput(who, "GET", path, b"", _JSON)

    def _small(self) -> object:
        chance = self._chance
        return chance.choice((1, 1, 2, chance.randint(0, 30), values.number(chance), "x", -1))

    def _text(self) -> str:
        return values.text(self._chance).encode("utf-8", "replace").decode()

    def _submit(self) -> RestInput:
        """Return an edit by REST."""
        chance = self._chance
        body = {
            "unique_id": chance.choice((f"rest-{chance.randrange(10**9)}", self._text())),
            "update": base64.b64encode(self._update()).decode(),
        }
        return self._post(f"{_HERE}/operations/", self._odd(body))

    def _import(self) -> RestInput:
        """Return an import into the document, seldom one of a new document."""
        chance = self._chance
        kind = chance.choice(KINDS)
        content = content_to_import(chance, kind)
        path = "documents/import/" if chance.random() < 0.1 else f"{_HERE}/import/"
        if chance.random() < 0.3:
            return self._upload(path, kind, content)
        body = {"format": chance.choice((kind, kind, "md")), "content": content}
        return self._post(path, self._odd(body))

    def _upload(self, path: str, kind: str, content: str) -> RestInput:
        """Return an import of a file, as a form."""
        name = self._chance.choice((f"a.{kind}", "a", "../../a.md", "a\u202e.md", ""))
        data = content.encode("utf-8", "replace")
        if self._chance.random() < 0.2:
            data = values.mutated(self._chance, data)
        body = (
            b'--fuzz\r\nContent-Disposition: form-data; name="file"; filename="'
            + quote(name).encode()
            + b'"\r\nContent-Type: application/octet-stream\r\n\r\n'
            + data
            + b"\r\n--fuzz--\r\n"
        )
        return RestInput("editor", "POST", path, body, "multipart/form-data; boundary=fuzz")

    def _write(self) -> RestInput:
        """Return a call that names a version, renames or shares, with odd values."""
        chance = self._chance
        path, method, fields = chance.choice(
            (
                ("versions/", "POST", ("name", "seq")),
                ("", "PATCH", ("title", "folder", "settings")),
                ("permissions/", "POST", ("user", "role")),
            )
        )
        body = {name: values.value(chance) for name in fields if chance.random() < 0.8}
        content = values.json_text(chance, body).encode()
        who = chance.choice(("editor", "viewer", "nobody"))
        return RestInput(who, method, f"{_HERE}/{path}", content, _JSON)

    def _odd(self, body: dict[str, Any]) -> Any:
        """Return a body, sometimes with another value, a further one, or one less."""
        chance = self._chance
        roll = chance.random()
        if roll < 0.1:
            body[chance.choice(list(body))] = values.value(chance)
        elif roll < 0.15:
            body[self._text()] = values.value(chance)
        elif roll < 0.2:
            del body[chance.choice(list(body))]
        elif roll < 0.22:
            return values.value(chance)
        return body

    def _post(self, path: str, body: Any) -> RestInput:
        content = values.json_text(self._chance, body).encode()
        if self._chance.random() < 0.02:  # deeper than any parser recurses
            content = self._chance.choice((b"[", b'{"content":')) * 20_000
        who = self._chance.choice(("editor", "editor", "editor", "viewer", "nobody"))
        return RestInput(who, "POST", path, content, _JSON)


# --- content to import ----------------------------------------------------------------------------

_MARKDOWN: Final = (
    *(
        "# ",
        "- ",
        "1. ",
        "> ",
        "***",
        "~~",
        "`",
        "```\n",
        "[a](",
        ")",
        "![",
        "](javascript:x)",
        "|",
    ),
    *("\n", "\n\n", "    ", "a ", "word ", "&amp;", "<b>", "</b>", "---\n", "\\", "\t", "_", "ß"),
)
_TAGS: Final = (
    "p",
    "b",
    "ul",
    "li",
    "table",
    "tr",
    "td",
    "h1",
    "a",
    "img",
    "svg",
    "math",
    "script",
)
_NODES: Final = ("paragraph", "heading", "bulletList", "listItem", "text", "table", "drawing", "")


def content_to_import(chance: random.Random, kind: str) -> str:
    """Return content in a format: pieces of its grammar, or one of them very often."""
    if kind == "json":
        return values.json_text(chance, {"type": "doc", "content": _nodes(chance, 0)})
    pieces = _MARKDOWN if kind == "md" else tuple(_html(chance) for _ in range(20))
    if kind == "txt":
        pieces = values.TEXTS[:-1]
    if chance.random() < 0.15:
        return chance.choice(pieces) * chance.choice((100, 5_000, 20_000))
    return "".join(chance.choices(pieces, k=chance.choice((1, 10, 100, 1_000))))


def _html(chance: random.Random) -> str:
    tag = chance.choice(_TAGS)
    attribute = f' {chance.choice(("href", "onerror", "class", "colspan"))}="{values.text(chance)}"'
    return chance.choice((f"<{tag}>", f"</{tag}>", f"<{tag}{attribute}>", "text", "<!--", "&#0;"))


def _nodes(chance: random.Random, depth: int) -> list[Any]:
    """Return nodes of ProseMirror, with any names and attributes."""
    nodes: list[Any] = []
    for _ in range(chance.randint(0, 3)):
        node: dict[str, Any] = {"type": chance.choice(_NODES)}
        if node["type"] == "text" or chance.random() < 0.1:
            node["text"] = chance.choice(("a", "", values.text(chance)))
        if chance.random() < 0.2:
            node["attrs"] = values.value(chance)
        if chance.random() < 0.2:
            node["marks"] = chance.choice(([{"type": "bold"}], values.value(chance)))
        if depth < 8 and chance.random() < 0.6:
            node["content"] = _nodes(chance, depth + 1)
        nodes.append(node if chance.random() < 0.95 else values.value(chance))
    return nodes
