"""Faults of stored documents, and their repair where the log has the answer."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: ``code`` is a stable word for programs, ``text`` a sentence for people.

    ``repair`` repairs it, and ``repair_text`` describes that; None where the log has no answer.
    """

    code: str
    text: str
    repair_text: str = ""
    repair: Callable[[], object] | None = None

    def repaired_by(self, repair: Callable[[], object], text: str) -> Self:
        """Return the same fault with its repair."""
        return replace(self, repair=repair, repair_text=text)

    def named(self, name: str, code: str) -> Self:
        """Return the same fault of a named thing: ``version_damaged``, "Version 3: …"."""
        return replace(self, code=f"{code}_{self.code}", text=f"{name}: {self.text}")

    def as_dict(self) -> dict[str, str]:
        """Return the fault as JSON; the text of the repair is ``deed``."""
        row = {"code": self.code, "text": self.text}
        return {**row, "deed": self.repair_text} if self.repair_text else row


#: Called with each fault, while it can be repaired.
OnFault = Callable[[Fault], None]
