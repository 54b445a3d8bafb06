"""Check a commit message: ``python scripts/check_commit_message.py FILE``, the hook ``commit-msg``.

The subject is ``area: Imperative sentence.`` within 72 characters, about one area. A blank line
follows, and a body with the reason where code changes. ``pre-commit install`` installs the hook;
CONTRIBUTING.md has the rule.
"""

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

SUBJECT_MAX_CHARS: Final = 72
#: Files whose change needs a body, by the ending of their name.
CODE_SUFFIXES: Final = frozenset({".css", ".html", ".js", ".mjs", ".py", ".sh"})
#: Third-party code: the commit of an update needs no reason.
VENDORED: Final = "static/vendor/"

_SUBJECT: Final = re.compile(r"(?P<area>[a-z0-9][a-z0-9_/.-]*): (?P<sentence>[A-Z].*\.)")
_SECOND_AREA: Final = re.compile(r"[;,.] [a-z][a-z0-9_/-]*: [A-Z]")
#: Messages that git itself writes, or removes again in a rebase.
_WRITTEN_BY_GIT: Final = re.compile(r"(Merge|Revert) |(fixup|squash|amend)! ")
_SCISSORS: Final = re.compile(r"# -+ >8 -+")
_TRAILER: Final = re.compile(r"[A-Z][A-Za-z-]+: \S.*")
#: First words of a sentence that describes something, and gives no order.
_NOT_IMPERATIVE: Final = frozenset(
    {"A", "An", "Also", "Each", "Every", "How", "It", "No", "Not", "Now", "Some", "That", "The"}
    | {"There", "These", "This", "Those", "We", "What", "When", "Where", "Who", "Why"}
)
#: Verbs whose plain form has an ending of a past tense or of a participle.
_IMPERATIVE: Final = frozenset(
    {
        "Bring",
        "Embed",
        "Exceed",
        "Feed",
        "Need",
        "Proceed",
        "Ring",
        "Seed",
        "Shed",
        "Speed",
        "Swing",
    }
)


def problems(message: str, changed: Iterable[str]) -> list[str]:
    """Return the reasons to refuse a message; ``changed`` are the paths of the commit's files."""
    lines = _lines(message)
    subject = lines[0] if lines else ""
    if _WRITTEN_BY_GIT.match(subject):
        return []
    found = _subject_problems(subject)
    if len(lines) > 1 and lines[1]:
        found.append("The second line must be blank.")
    code = next((path for path in changed if _is_code(path)), None)
    if code is not None and not _has_body(lines[1:]):
        found.append(f"A body must give the reason, because code changes ({code}).")
    return found


def _lines(message: str) -> list[str]:
    """Return the lines that git will store: no comments, nothing after the scissors."""
    lines: list[str] = []
    for line in message.strip("\n").splitlines():
        if _SCISSORS.fullmatch(line):
            break
        if not line.startswith("#"):
            lines.append(line.rstrip())
    return lines


def _subject_problems(subject: str) -> list[str]:
    found = []
    if len(subject) > SUBJECT_MAX_CHARS:
        found.append(f"The subject has {len(subject)} characters; {SUBJECT_MAX_CHARS} are allowed.")
    match = _SUBJECT.fullmatch(subject)
    if match is None:
        return [*found, "The subject must have the form `area: Imperative sentence.`"]
    if _SECOND_AREA.search(match["sentence"]):
        found.append("The subject names two areas: make two commits.")
    if not _is_imperative(match["sentence"].split()[0].rstrip(".,:;")):
        found.append("The sentence must begin with a verb in the imperative: Add, Fix, Rename.")
    return found


def _is_imperative(word: str) -> bool:
    """Return whether a word may be an imperative; a word list cannot know all verbs."""
    if word in _NOT_IMPERATIVE:
        return False
    return word in _IMPERATIVE or not word.endswith(("ed", "ing"))


def _is_code(path: str) -> bool:
    return Path(path).suffix in CODE_SUFFIXES and not path.startswith(VENDORED)


def _has_body(lines: Iterable[str]) -> bool:
    return any(line and not _TRAILER.fullmatch(line) for line in lines)


def staged() -> list[str]:
    """Return the paths that the commit changes."""
    command = ["git", "diff", "--cached", "--name-only", "-z"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    return [path for path in done.stdout.split("\0") if path]


def main(file: Path) -> int:
    """Check the message in a file; return the exit code, with the reasons on stderr."""
    found = problems(file.read_text(encoding="utf-8"), staged())
    for problem in found:
        print(problem, file=sys.stderr)  # noqa: T201 - the answer to the committer
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
