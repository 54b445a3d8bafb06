"""Plain text of a document's content, for titles, search and previews."""

from typing import Final

import pycrdt

#: Name of the root type with a document's content, which the page's editor (ProseMirror) writes.
ROOT: Final = "default"
#: Inline elements that end a line.
_LINE_BREAKS: Final = frozenset({"hardBreak", "hard_break"})

_Node = pycrdt.XmlFragment | pycrdt.XmlElement | pycrdt.XmlText


def document_text(doc: pycrdt.Doc[pycrdt.XmlFragment]) -> str:
    """Return the text of root ``default``, one line for each block with text."""
    with doc.transaction():
        root = doc.get(ROOT, type=pycrdt.XmlFragment)
        return _lines(root)


def _lines(root: pycrdt.XmlFragment) -> str:
    """Return the lines of a tree in document order, walked with an explicit stack.

    A stack entry is a node, or None at the end of an element.
    """
    lines: list[str] = []
    line: list[str] = []

    def end_line() -> None:
        if line:
            lines.append("".join(line))
            line.clear()

    stack: list[_Node | None] = [root]
    while stack:
        node = stack.pop()
        if node is None:
            end_line()
        elif isinstance(node, pycrdt.XmlText):
            line += (chunk for chunk, _ in node.diff() if isinstance(chunk, str))
        else:
            children = list(node.children)
            if children:
                end_line()
                stack += [None, *reversed(children)]
            elif isinstance(node, pycrdt.XmlElement) and node.tag in _LINE_BREAKS:
                end_line()
    return "\n".join(lines)
