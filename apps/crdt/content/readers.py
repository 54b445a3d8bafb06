"""Import formats: a text as blocks of the page's schema, by the name of its format.

A reader is imported when it is used first, in the child process of a conversion: the parsers take
5 MiB of each process.
"""

from importlib import import_module
from typing import Any, Final

from apps.core.errors import InvalidInputError

#: The module and the function of each reader.
_READERS: Final = {
    "html": ("apps.crdt.content.html_reader", "html_read"),
    "json": ("apps.crdt.content.json_reader", "json_read"),
    "md": ("apps.crdt.content.markdown_reader", "markdown_read"),
    "txt": ("apps.crdt.content.plain_text", "text_read"),
}
READ_FORMATS: Final = tuple(_READERS)
_ENDINGS: Final = {"htm": "html", "markdown": "md", "text": "txt", "xhtml": "html"}


#: First bytes of files that people try to import, with what they are.
_SIGNATURES: Final = {
    b"PK\x03\x04": "a file of an office program, or an archive",
    b"\xd0\xcf\x11\xe0": "a file of an office program",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"RIFF": "a picture or a recording",
}


class NotTextError(InvalidInputError):
    """The bytes are not UTF-8 text."""

    code = "not_text"


def content_read(text: str, kind: str) -> list[dict[str, Any]]:
    """Return the blocks of a text in one of ``READ_FORMATS``.

    Raises ``NotProseMirrorError``, ``NestedTooDeepError``, ``ContentTooLargeError``.
    """
    module, function = _READERS[kind]
    blocks: list[dict[str, Any]] = getattr(import_module(module), function)(text)
    return blocks


def text_decoded(data: bytes) -> str:
    """Return bytes as text. Raises ``NotTextError``."""
    for signature, what in _SIGNATURES.items():
        if data.startswith(signature) and (signature != b"RIFF" or b"\x00" in data):
            raise NotTextError(
                f"This is {what}, not a text. Give the file the ending of its format, or name the "
                "format."
            )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        raise NotTextError("This is not text in UTF-8. Save it in that encoding.") from err
    if "\x00" in text:
        raise NotTextError("This is not text: it has a zero byte.")
    return text


def format_of(file_name: str) -> str | None:
    """Return the import format of a file by its name; None if the ending is unknown."""
    ending = file_name.rpartition(".")[2].lower()
    kind = _ENDINGS.get(ending, ending)
    return kind if kind in _READERS else None
