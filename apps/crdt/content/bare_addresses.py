"""Bare addresses in a line of Markdown become links (GitHub's extended autolinks).

Source: https://github.github.com/gfm/#autolinks-extension-.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from markdown_it.token import Token

_START = re.compile(r"(?<![A-Za-z0-9])(?:(https?://)|www\.)", re.IGNORECASE)
#: An address and the text after it up to the next space. Each character is looked at once.
_CHUNK = re.compile(r"[^\s<]+")
_DOMAIN = re.compile(r"[\w-]+(?:\.[\w-]+)*")
_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._+-])(?:(mailto:)?)([A-Za-z0-9._+-]+@[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+)"
)
#: Characters before ``www.``; before a scheme, any that is no letter.
_BEFORE_WWW: Final = frozenset("*_~([ \t\n\r\f\v")
_TRAILING: Final = "?!.,:*_~'\""
_REFERENCE = re.compile(r"&([A-Za-z0-9]+);\Z")


class _Address(NamedTuple):
    """A part of a text that is an address: where it is, and its link."""

    start: int
    end: int
    href: str


def addresses_linked(tokens: Sequence[Token]) -> list[Token]:
    """Return the tokens of a line; each bare address outside of links is three of them."""
    found: list[Token] = []
    depth, before = 0, "\n"
    for token in tokens:
        if token.type in ("link_open", "link_close"):
            depth += token.nesting
        if token.type == "html_inline":
            tag = token.content.lower()
            depth += tag.startswith(("<a ", "<a\t", "<a\n", "<a>")) and not tag.endswith("/>")
            depth -= tag.startswith("</a") and depth > 0
        if token.type == "text" and not depth:
            found += _parts(token, before)
        else:
            found.append(token)
        if token.nesting or token.type.endswith("break"):
            before = (token.markup or " ")[-1]
        elif token.content:
            before = token.content[-1]
    return found


def _parts(token: Token, before: str) -> Iterator[Token]:
    text, end = token.content, 0
    for address in _addresses(text, before):
        if address.start > end:
            yield _text(text[end : address.start])
        yield Token("link_open", "a", 1, attrs={"href": address.href})
        yield _text(text[address.start : address.end])
        yield Token("link_close", "a", -1)
        end = address.end
    if not end:
        yield token
    elif end < len(text):
        yield _text(text[end:])


def _text(words: str) -> Token:
    return Token("text", "", 0, content=words)


def _addresses(text: str, before: str) -> Iterator[_Address]:
    end = 0
    for address in sorted((*_web_addresses(text, before), *_emails(text))):
        if address.start >= end:
            yield address
            end = address.end


def _emails(text: str) -> Iterator[_Address]:
    if "@" not in text:
        return
    for found in _EMAIL.finditer(text):
        if found[2][-1] not in "-_":
            yield _Address(found.start(), found.end(), f"mailto:{found[2]}")


def _web_addresses(text: str, before: str) -> Iterator[_Address]:
    at = 0
    while start := _START.search(text, at):
        char = text[start.start() - 1] if start.start() else before
        chunk = _CHUNK.match(text, start.start())
        at = chunk.end() if chunk else start.end()
        if chunk and (not char.isalnum() if start[1] else char in _BEFORE_WWW):
            address = _trimmed(chunk[0])
            if _has_domain(address, start[1] or ""):
                at = start.start() + len(address)
                href = address if start[1] else f"http://{address}"
                yield _Address(start.start(), at, href)


def _has_domain(address: str, scheme: str) -> bool:
    """Return whether a domain follows, without an underscore in its last two parts."""
    domain = _DOMAIN.match(address, len(scheme))
    parts = domain[0].split(".") if domain else []
    return len(parts) > (0 if scheme else 1) and not any("_" in part for part in parts[-2:])


def _trimmed(address: str) -> str:
    """Return an address without the punctuation after it."""
    surplus = address.count(")") - address.count("(")
    end = len(address)
    while end:
        char = address[end - 1]
        if char in _TRAILING or (char == ")" and surplus > 0):
            surplus -= char == ")"
            end -= 1
        elif char == ";" and (reference := _REFERENCE.search(address[max(0, end - 40) : end])):
            end -= len(reference[0])
        else:
            break
    return address[:end]
