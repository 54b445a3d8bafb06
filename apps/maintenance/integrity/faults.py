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
    repair_text: str = ""
    repair: Callable[[], object] | None = None

    def repaired_by(self, repair: Callable[[], object], text: str) -> Self:
        """Return the same fault with the way to put it right."""
        return replace(self, repair=repair, repair_text=text)

    def named(self, name: str, code: str) -> Self:
        """Return the same fault of a named thing: ``version_damaged``, "Version 3: …"."""
        return replace(self, code=f"{code}_{self.code}", text=f"{name}: {self.text}")

    def as_dict(self) -> dict[str, str]:
        """Return code, text and deed."""
        row = {"code": self.code, "text": self.text}
        return {**row, "deed": self.repair_text} if self.repair_text else row


#: Hears of each fault at the moment when it can be put right.
OnFault = Callable[[Fault], None]
