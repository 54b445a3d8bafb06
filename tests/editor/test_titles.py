"""No element has a `title` for a tooltip: only a mouse would show it (static/js/ui/tooltip.js)."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.env import BASE_DIR

#: An attribute of an element of a template, an assignment, and a call that sets it.
MARKUP = re.compile(r"<[^!>][^>]*\stitle\s*=", re.DOTALL)
SET = re.compile(r"(?<!document)\.title\s*=[^=]|setAttribute\(\s*[\"'`]title[\"'`]")
#: Attributes of an element that a script makes: an object with a title and what only elements have.
OBJECT = re.compile(r"\{[^{}]*\}")
TITLE = re.compile(r"[{,\s]title\s*[:,}]")
#: The title of a link that a document itself has.
CONTENT = {"schema_table.js"}
OF_ELEMENT = re.compile(r"\bclass:|\bonclick\b|\"(?:aria|data)-")


def titles_in_script(text: str) -> Iterator[str]:
    """Yield the places of a script that give an element a title."""
    yield from SET.findall(text)
    code = re.sub(r"\$\{[^{}]*\}", "", text)
    for found in OBJECT.findall(code):
        if TITLE.search(found) and OF_ELEMENT.search(found):
            yield found


@pytest.mark.parametrize(
    "text",
    [
        'button.title = "Bold"',
        'button.setAttribute("title", name)',
        'h("button", { type: "button", class: "tool", title: label, onclick }, "x")',
        '["span", { class: "mark", title: `A ${WORDS}` }, 0]',
    ],
)
def test_title_of_an_element_is_found(text: str) -> None:
    """In each way in which a script can set it."""
    assert list(titles_in_script(text))


@pytest.mark.parametrize("text", ['document.title = "x"', "api({ title, body: { title: text } })"])
def test_title_of_a_document_is_none(text: str) -> None:
    """A document has a title, and is no element."""
    assert not list(titles_in_script(text))


def test_no_script_gives_an_element_a_title() -> None:
    """It has `data-tooltip`."""
    files = sorted((BASE_DIR / "static" / "js").rglob("*.js"))
    assert len(files) > 100
    ours = [file for file in files if file.name not in CONTENT]
    found = {str(file): [*titles_in_script(file.read_text())] for file in ours}
    assert {file: titles for file, titles in found.items() if titles} == {}


def test_no_template_gives_an_element_a_title() -> None:
    """It has `data-tooltip`."""
    files: list[Path] = sorted((BASE_DIR / "templates").rglob("*.html"))
    assert len(files) > 10
    assert MARKUP.search('<a href="/" title="Home">')
    assert [str(file) for file in files if MARKUP.search(file.read_text())] == []
