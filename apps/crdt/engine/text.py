"""Plain text of a document's content, for titles, search and previews."""

from collections.abc import Callable, Iterator
from typing import Final

import pycrdt

#: Name of the root type with a document's content, which the page's editor (ProseMirror) writes.
ROOT: Final = "default"
#: Elements without content that have words: the attributes, of which the first one counts.
_WORDS: Final = {"image": ("caption", "alt"), "file": ("name",), "mention": ("label",)}
#: Those of them that stand in a line.
_INLINE_WORDS: Final = frozenset({"mention"})
#: Inline elements that end a line.
_LINE_BREAKS: Final = frozenset({"hardBreak", "hard_break"})

#: Nodes that the opening of a document is read from. Threat: a document that begins with a million
#: empty paragraphs.
OPENING_MAX_NODES: Final = 100

_Parent = pycrdt.XmlFragment | pycrdt.XmlElement
_Node = _Parent | pycrdt.XmlText


def document_text(doc: pycrdt.Doc[pycrdt.XmlFragment]) -> str:
    """Return the text of root ``default``, one line for each block with text."""
    with doc.transaction():
        root = doc.get(ROOT, type=pycrdt.XmlFragment)
        return "\n".join(_lines(root, lambda node: iter(node.children)))


def document_opening(doc: pycrdt.Doc[pycrdt.XmlFragment], *, max_chars: int) -> str:
    """Return the first lines of ``document_text``, as many as make ``max_chars``.

    At most ``OPENING_MAX_NODES`` nodes are read, so the cost is that of the texts among them.
    """
    left = OPENING_MAX_NODES

    def first(node: _Parent) -> Iterator[_Node]:
        nonlocal left
        for index in range(len(node.children)):
            if not left:
                return
            left -= 1
            yield node.children[index]

    lines: list[str] = []
    with doc.transaction():
        for line in _lines(doc.get(ROOT, type=pycrdt.XmlFragment), first):
            lines.append(line[: max_chars + 1])
            max_chars -= len(lines[-1]) + 1
            if max_chars <= 0:
                break
    return "\n".join(lines)


def _lines(
    root: pycrdt.XmlFragment, children: Callable[[_Parent], Iterator[_Node]]
) -> Iterator[str]:
    """Yield the lines of a tree in document order, walked with an explicit stack.

    ``children`` returns those children of a node that are read.
    """
    line: list[str] = []
    stack = [children(root)]
    while stack:
        node = next(stack[-1], None)
        is_end = node is None
        if node is None:
            stack.pop()
        elif isinstance(node, pycrdt.XmlText):
            line += (chunk for chunk, _ in node.diff() if isinstance(chunk, str))
        elif len(node.children):
            stack.append(children(node))
            is_end = True
        else:
            words = _words(node)
            line += words
            tag = node.tag if isinstance(node, pycrdt.XmlElement) else None
            is_end = tag not in _INLINE_WORDS and (bool(words) or tag in _LINE_BREAKS)
        if is_end and line:
            yield "".join(line)
            line = []


def _words(node: _Node) -> list[str]:
    """Return the words of an element that has no content."""
    if not isinstance(node, pycrdt.XmlElement) or node.tag not in _WORDS:
        return []
    attributes = node.attributes
    found = (attributes.get(name) for name in _WORDS[node.tag])
    return [next((value for value in found if isinstance(value, str) and value), "")]
