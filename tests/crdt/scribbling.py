"""Three writers who edit every kind of shared type at random, and the view of a document."""

import random
from typing import Any

import pycrdt

_Tree = pycrdt.XmlFragment | pycrdt.XmlElement
_Node = _Tree | pycrdt.XmlText


class Scribbler:
    """Edits at random; the writers sync now and then."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        #: Each edit with how often it is made.
        self._edits = {
            self._add: 20,
            self._write: 30,
            self._remove: 12,
            self._attribute: 8,
            self._text: 15,
            self._map: 8,
            self._list: 7,
        }
        self._docs = [pycrdt.Doc[Any](client_id=10 + number) for number in range(3)]

    def write(self, steps: int) -> list[bytes]:
        """Return the whole state after each step."""
        log: pycrdt.Doc[Any] = pycrdt.Doc()
        states = []
        for _ in range(steps):
            doc = self._chance.choice(self._docs)
            vector = doc.get_state()
            with doc.transaction():
                self._edit(doc)
            log.apply_update(doc.get_update(vector))
            states.append(log.get_update())
            if self._chance.random() < 0.3:
                for doc in self._docs:
                    doc.apply_update(states[-1])
        return states

    def _edit(self, doc: "pycrdt.Doc[Any]") -> None:
        choice = self._chance.choices(
            [
                self._add,
                self._write,
                self._remove,
                self._attribute,
                self._text,
                self._map,
                self._list,
            ],
            [20, 30, 12, 8, 15, 8, 7],
        )[0]
        choice(doc)

    def _add(self, doc: "pycrdt.Doc[Any]") -> None:
        parents: list[_Tree] = [doc.get("default", type=pycrdt.XmlFragment)]
        parents += [node for _, node in _inside(parents[0]) if isinstance(node, pycrdt.XmlElement)]
        parent = self._chance.choice(parents)
        element = pycrdt.XmlElement(self._chance.choice(["paragraph", "heading", "listItem"]))
        parent.children.insert(self._chance.randint(0, len(parent.children)), element)
        element.children.append(pycrdt.XmlText("hello"))

    def _write(self, doc: "pycrdt.Doc[Any]") -> None:
        root = doc.get("default", type=pycrdt.XmlFragment)
        texts = [node for _, node in _inside(root) if isinstance(node, pycrdt.XmlText)]
        if not texts:
            return
        text, what = self._chance.choice(texts), self._chance.random()
        at = self._chance.randint(0, len(text))
        if what < 0.5:
            text.insert(at, self._chance.choice(["x", "foo "]))
        elif what < 0.8:
            del text[at : min(len(text), at + 3)]
        elif at < len(text):
            mark = {self._chance.choice(["bold", "italic"]): self._chance.choice([True, None])}
            text.format(at, min(len(text), at + 3), mark)

    def _remove(self, doc: "pycrdt.Doc[Any]") -> None:
        root = doc.get("default", type=pycrdt.XmlFragment)
        places = [(root, place) for place in range(len(root.children))]
        for _, node in _inside(root):
            if isinstance(node, pycrdt.XmlElement):
                places += [(node, place) for place in range(len(node.children))]
        if places:
            parent, place = self._chance.choice(places)
            del parent.children[place]

    def _attribute(self, doc: "pycrdt.Doc[Any]") -> None:
        root = doc.get("default", type=pycrdt.XmlFragment)
        elements = [node for _, node in _inside(root) if isinstance(node, pycrdt.XmlElement)]
        if elements:
            element = self._chance.choice(elements)
            element.attributes[self._chance.choice("ab")] = str(self._chance.randint(0, 9))

    def _text(self, doc: "pycrdt.Doc[Any]") -> None:
        text = doc.get("content", type=pycrdt.Text)
        at = self._chance.randint(0, len(text))
        if self._chance.random() < 0.6:
            text.insert(at, "word ")
        else:
            del text[at : min(len(text), at + 5)]

    def _map(self, doc: "pycrdt.Doc[Any]") -> None:
        values = doc.get("meta", type=pycrdt.Map)
        key = self._chance.choice("xyz")
        if key in values and self._chance.random() < 0.3:
            del values[key]
        else:
            values[key] = self._chance.randint(0, 99)

    def _list(self, doc: "pycrdt.Doc[Any]") -> None:
        values = doc.get("list", type=pycrdt.Array)
        at = self._chance.randint(0, len(values))
        if at < len(values) and self._chance.random() < 0.4:
            del values[at]
        else:
            values.insert(at, self._chance.randint(0, 99))


def content(*updates: bytes) -> Any:
    """Return the view of a document with these updates."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    for update in updates:
        doc.apply_update(update)
    return (
        _shown(doc.get("default", type=pycrdt.XmlFragment)),
        _runs(doc.get("content", type=pycrdt.Text)),
        doc.get("meta", type=pycrdt.Map).to_py(),
        doc.get("list", type=pycrdt.Array).to_py(),
    )


def _shown(node: _Node) -> Any:
    if isinstance(node, pycrdt.XmlText):
        return _runs(node), _attributes(node)
    children = [_shown(child) for child in node.children]
    if isinstance(node, pycrdt.XmlElement):
        return node.tag, _attributes(node), children
    return children


def _attributes(node: pycrdt.XmlText | pycrdt.XmlElement) -> dict[str, Any]:
    pairs: Any = node.attributes  # whose type says less than it does
    return dict(iter(pairs))


def _runs(text: pycrdt.Text | pycrdt.XmlText) -> list[tuple[str, dict[str, Any]]]:
    """Return runs of text with their marks, joined wherever the engine splits them."""
    runs: list[tuple[str, dict[str, Any]]] = []
    for chunk, marks in text.diff():
        if runs and runs[-1][1] == (marks or {}):
            runs[-1] = (runs[-1][0] + str(chunk), runs[-1][1])
        else:
            runs.append((str(chunk), dict(marks or {})))
    return runs


def _inside(root: _Tree) -> list[tuple[_Tree, _Node]]:
    """Return every descendant with its parent."""
    found: list[tuple[_Tree, _Node]] = []
    for child in root.children:
        found.append((root, child))
        if isinstance(child, pycrdt.XmlElement):
            found += _inside(child)
    return found
