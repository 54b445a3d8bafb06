"""What is wrong with a stored document, and how it is put right where the log says how."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong: a stable word for programs, a sentence for people.

    ``mend`` puts it right, and ``deed`` says what it does; None where the log cannot tell.
    """

    code: str
    text: str
    deed: str = ""
    mend: Callable[[], object] | None = None

    def mended_by(self, mend: Callable[[], object], deed: str) -> Self:
        """Return the same fault with the way to put it right."""
        return replace(self, mend=mend, deed=deed)

    def named(self, name: str, code: str) -> Self:
        """Return the same fault of a named thing: ``version_damaged``, "Version 3: …"."""
        return replace(self, code=f"{code}_{self.code}", text=f"{name}: {self.text}")

    def as_dict(self) -> dict[str, str]:
        """Return code, text and deed."""
        return {"code": self.code, "text": self.text, **({"deed": self.deed} if self.deed else {})}


#: Hears of each fault at the moment when it can be put right.
OnFault = Callable[[Fault], None]
