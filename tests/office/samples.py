"""Documents and files for the tests of other programs' formats."""

import io
import zipfile
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from hypothesis import strategies as st

from apps.crdt.content.conversion import content_export
from apps.crdt.content.prosemirror import content_update, document_json
from apps.office.conversion import ReadFile, office_convert, office_export, office_read
from apps.office.pictures import OfficePicture
from apps.office.program import ProgramLimits
from tests.crdt.content.trees import Built, block, lines, neat_words, paragraph

LIMITS = ProgramLimits(cpu_s=60, memory_bytes=1024 * 2**20, output_bytes=16 * 2**20)
UNPACKED = 8 * 2**20
#: Limits of a file's text and pictures.
PICTURES = {"unpacked_bytes": UNPACKED, "pictures_max": 9, "pictures_bytes": 2**20}
BOOK = {"identifier": "8d5b3b0e-0000-4000-8000-000000000000", "date": "2026-11-30"}
#: Boxes of tasks, which are attributes on the page, and the soft hyphen, which Word has as a sign.
SKIPPED = "\u2610\u2612\u00ad"


def exported(
    blocks: list[Built],
    kind: str,
    title: str = "T",
    pictures: Mapping[str, OfficePicture] = MappingProxyType({}),
) -> bytes:
    """Return a document in a format."""
    page = content_export(content_update(blocks)[0], "html", "").decode()
    return office_export(page, kind, title, pictures=pictures, limits=LIMITS, **BOOK)


def read(data: bytes, kind: str, limits: ProgramLimits = LIMITS) -> ReadFile:
    """Return a file as HTML, and its pictures."""
    return office_read(data, kind, limits=limits, **PICTURES)


def imported(data: bytes, kind: str) -> tuple[str, list[Built]]:
    """Return the title and the blocks of a file, all of whose pictures can be shown."""
    file = read(data, kind)
    content = office_convert(file.html, picture_ids=set(file.pictures))
    blocks = document_json(content.update)["content"] if content.update else []
    return content.title, blocks


def characters(blocks: list[Built]) -> list[tuple[str, str]]:
    """Return all characters that are no space, in order, each with the address of its link."""
    found: list[tuple[str, str]] = []
    for node in texts(blocks):
        links = [mark["attrs"]["href"] for mark in node.get("marks", ()) if mark["type"] == "link"]
        address = links[0] if links else ""
        found += [(char, address) for char in "".join(node["text"].split()) if char not in SKIPPED]
    return found


def texts(blocks: list[Built]) -> Iterator[Built]:
    """Yield the text nodes of blocks."""
    for node in blocks:
        if "text" in node:
            yield node
        yield from texts(node.get("content", []))


def shape(blocks: list[Built], depth: int = 0) -> list[tuple[Any, ...]]:
    """Return the kind, depth and words of each block, with what makes a list's kind."""
    rows: list[tuple[Any, ...]] = []
    for node in blocks:
        attributes = node.get("attrs", {})
        known = {name: attributes.get(name) for name in ("level", "start", "checked")}
        words = ""
        if node["type"] in ("paragraph", "heading", "codeBlock"):
            words = " ".join("".join(one["text"] for one in texts([node])).split())
        rows.append((depth, node["type"], *known.values(), words))
        if not words:
            rows += shape(node.get("content", []), depth + 1)
    return rows


_words = st.text("abcdefgXYZ", min_size=1, max_size=8)
_line = st.builds(
    lambda words: paragraph(" ".join(words)), st.lists(_words, min_size=1, max_size=4)
)


def _items(depth: int) -> st.SearchStrategy[list[Built]]:
    below = st.just([]) if depth == 0 else st.lists(_bullets(depth - 1), max_size=1)
    return st.lists(
        st.builds(lambda line, more: block("listItem", line, *more), _line, below),
        min_size=1,
        max_size=3,
    )


def _bullets(depth: int) -> st.SearchStrategy[Built]:
    return _items(depth).map(lambda own: block("bulletList", *own))


def _lists(depth: int) -> st.SearchStrategy[Built]:
    items = _items(depth)
    return st.builds(lambda own: block("bulletList", *own), items) | st.builds(
        lambda own, start: block("orderedList", *own, start=start), items, st.integers(1, 12)
    )


_tasks = st.lists(
    st.builds(lambda line, checked: block("taskItem", line, checked=checked), _line, st.booleans()),
    min_size=1,
    max_size=3,
).map(lambda own: block("taskList", *own))
_headings = st.builds(
    lambda words, level: block("heading", words, level=level), _words, st.integers(1, 6)
)
_quotes = st.lists(_line, min_size=1, max_size=2).map(lambda own: block("blockquote", *own))
_BLOCKS = _line | _headings | _lists(1) | _tasks | _quotes
#: Documents of what all formats with lists hold: a paragraph stands between any two other blocks.
plain_documents = st.lists(st.tuples(_BLOCKS, _line).map(list), min_size=1, max_size=4).map(
    lambda pairs: [one for pair in pairs for one in pair]
)
#: Lines with all marks, of odd characters.
odd_lines = st.lists(lines(neat_words).filter(lambda one: "content" in one), min_size=1, max_size=4)


def archive(parts: dict[str, bytes | str]) -> bytes:
    """Return a zip archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as files:
        for name, content in parts.items():
            files.writestr(name, content)
    return packed.getvalue()


_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
    'content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
    'relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override '
    'PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.'
    'wordprocessingml.document.main+xml"/></Types>'
)
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_MAIN = (
    f'<?xml version="1.0"?><Relationships xmlns="{_RELATIONS}"><Relationship Id="rId1" '
    f'Type="{_OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>'
)
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def docx(body: str, *, relations: str = "", prolog: str = "", **parts: bytes) -> bytes:
    """Return a Word file with this body, whose relations are those given."""
    own = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": _MAIN,
        "word/document.xml": (
            f'<?xml version="1.0" encoding="UTF-8"?>{prolog}<w:document xmlns:w="{_WORD}" '
            f'xmlns:r="{_OFFICE}"><w:body>{body}</w:body></w:document>'
        ),
        "word/_rels/document.xml.rels": (
            f'<?xml version="1.0"?><Relationships xmlns="{_RELATIONS}">{relations}</Relationships>'
        ),
    }
    return archive(own | {name.replace("__", "/"): content for name, content in parts.items()})


def paragraph_run(words: str) -> str:
    """Return a paragraph of Word with these words."""
    return f"<w:p><w:r><w:t>{words}</w:t></w:r></w:p>"


def relation(kind: str, target: str, *, number: int = 9) -> str:
    """Return a relation of a Word file to an address outside."""
    return (
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}" '
        'TargetMode="External"/>'
    )


def picture(number: int = 9, words: str = "a chart", *, linked: bool) -> str:
    """Return a paragraph of Word with a picture, linked or inside the file."""
    how = "link" if linked else "embed"
    return (
        '<w:p><w:r><w:drawing><wp:inline xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/'
        f'wordprocessingDrawing"><wp:docPr id="1" name="p" descr="{words}"/><a:graphic xmlns:a='
        '"http://schemas.openxmlformats.org/drawingml/2006/main"><a:graphicData uri="http://schemas.'
        'openxmlformats.org/drawingml/2006/picture"><pic:pic xmlns:pic="http://schemas.openxmlformats.'
        f'org/drawingml/2006/picture"><pic:blipFill><a:blip r:{how}="rId{number}"/></pic:blipFill>'
        "</pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>"
    )
