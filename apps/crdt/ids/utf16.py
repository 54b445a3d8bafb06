"""Text by UTF-16 offsets, as Yjs counts clocks of text."""


class Utf16Text:
    """A text that is sliced by UTF-16 offsets; half of a surrogate pair becomes U+FFFD."""

    __slots__ = ("_raw", "_text", "length")

    def __init__(self, text: str) -> None:
        self._text = text
        self._raw: bytes | None = None
        self.length = len(text)
        if not text.isascii():
            raw = text.encode("utf-16-le")
            if len(raw) != 2 * len(text):
                self._raw, self.length = raw, len(raw) // 2

    def slice(self, first: int, end: int) -> str:
        """Return the text from offset ``first`` to before offset ``end``."""
        if self._raw is None:
            return self._text[first:end]
        return self._raw[2 * first : 2 * end].decode("utf-16-le", "replace")
