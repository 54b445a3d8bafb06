"""The plain text of a document's content: for titles, search and previews."""

from typing import Final

import pycrdt

#: The root that holds a document's content (ProseMirror's, as the page writes it).
ROOT: Final = "default"
#: Deeper elements are left out: a hostile document nests without end.
MAX_DEPTH: Final = 64
#: Elements inside a line that end it.
_LINE_BREAKS: Final = frozenset({"hardBreak", "hard_break"})

_Node = pycrdt.XmlFragment | pycrdt.XmlElement | pycrdt.XmlText


def document_text(doc: pycrdt.Doc[pycrdt.XmlFragment]) -> str:
    """Return the text of root ``default``, one line for each block that has text."""
    with doc.transaction():
        root = doc.get(ROOT, type=pycrdt.XmlFragment)
        return _lines(root)


def _lines(root: pycrdt.XmlFragment) -> str:
    """Walk the tree with a stack of our own, in document order, and gather its lines.

    A stack entry is a node with its depth, or None where an element ends.
    """
    lines: list[str] = []
    line: list[str] = []

    def end_line() -> None:
        if line:
            lines.append("".join(line))
            line.clear()

    stack: list[tuple[_Node | None, int]] = [(root, 0)]
    while stack:
        node, depth = stack.pop()
        if node is None:
            end_line()
        elif isinstance(node, pycrdt.XmlText):
            line += (chunk for chunk, _ in node.diff() if isinstance(chunk, str))
        elif depth <= MAX_DEPTH:
            children = list(node.children)
            if children:
                end_line()
                stack.append((None, depth))
                stack += [(child, depth + 1) for child in reversed(children)]
            elif isinstance(node, pycrdt.XmlElement) and node.tag in _LINE_BREAKS:
                end_line()
    return "\n".join(lines)
