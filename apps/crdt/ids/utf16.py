"""A text by its UTF-16 units, which is how Yjs counts."""


class Utf16Text:
    """Cuts a text at units; half of a letter outside of the BMP becomes U+FFFD."""

    __slots__ = ("_raw", "_text", "count")

    def __init__(self, text: str) -> None:
        self._text = text
        self._raw: bytes | None = None
        self.count = len(text)
        if not text.isascii():
            raw = text.encode("utf-16-le")
            if len(raw) != 2 * len(text):
                self._raw, self.count = raw, len(raw) // 2

    def cut(self, first: int, end: int) -> str:
        """Return the text from unit ``first`` to before unit ``end``."""
        if self._raw is None:
            return self._text[first:end]
        return self._raw[2 * first : 2 * end].decode("utf-16-le", "replace")
