"""The hook of commit messages: the rules by themselves, and as git runs them."""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.check_commit_message import SUBJECT_MAX_CHARS, problems
from tests.support.launcher import ROOT

REASON = "\n\nThe body gives the reason."


@pytest.mark.parametrize(
    "message",
    [
        "docs: Add a glossary.",
        "core/api: Read pages by one function.",
        "e2e: Wait for the caret, not for the frame.",
        "embedded: Seed the demo people once.",
        f"docs: {'A' * (SUBJECT_MAX_CHARS - len('docs: .'))}.",
        "docs: Add a glossary.\n# Please enter the commit message",
        "Merge branch 'docs'",
        'Revert "docs: Add a glossary."',
        "fixup! docs: Add a glossary.",
    ],
)
def test_problems_of_a_good_message_are_none(message: str) -> None:
    """Also comments of git, and the subjects that git writes."""
    assert problems(message, ["docs/glossary.md"]) == []


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("", "the form"),
        ("Add a glossary.", "the form"),
        ("Docs: Add a glossary.", "the form"),
        ("docs: add a glossary.", "the form"),
        ("docs: Add a glossary", "the form"),
        ("docs:Add a glossary.", "the form"),
        (f"docs: {'A' * (SUBJECT_MAX_CHARS - len('docs: .') + 1)}.", "has 73 characters"),
        ("docs: Add a glossary; tests: Cite it.", "two areas"),
        ("docs: Added a glossary.", "imperative"),
        ("docs: Adding a glossary.", "imperative"),
        ("docs: The glossary has all terms.", "imperative"),
        ("docs: Add a glossary.\nIt has all terms.", "second line"),
    ],
)
def test_problems_of_a_bad_subject_name_the_rule(message: str, reason: str) -> None:
    """One reason each."""
    [problem] = problems(message, ["docs/glossary.md"])
    assert reason in problem


@pytest.mark.parametrize(
    "path", ["apps/core/ids.py", "static/js/lib/ids.js", "templates/base.html", "tests/test_x.py"]
)
def test_problems_without_a_body_where_code_changes(path: str) -> None:
    """The reason names the file; a body solves it, trailers and comments do not."""
    subject = "core: Make ids sortable by time."
    for bodiless in (subject, f"{subject}\n\nCo-authored-by: Ada <a@b.c>", f"{subject}\n\n# why"):
        [problem] = problems(bodiless, ["README.md", path])
        assert path in problem
    assert problems(subject + REASON, ["README.md", path]) == []


def test_problems_without_a_body_where_no_code_changes() -> None:
    """Documents, locked requirements and third-party bundles need no reason."""
    changed = ["docs/env.md", "requirements/base.txt", "static/vendor/yjs.js"]
    assert problems("docs: List all variables.", changed) == []


def test_problems_ignore_the_diff_of_a_verbose_commit() -> None:
    """Text after the scissors of ``git commit --verbose`` is no body."""
    message = "core: Add ids.\n# ------------------------ >8 ------------------------\n+code"
    [problem] = problems(message, ["apps/core/ids.py"])
    assert "body" in problem


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a git repository with the hook and one staged file of code."""
    git(tmp_path, "init", "--quiet")
    hook = tmp_path / ".git" / "hooks" / "commit-msg"
    hook.parent.mkdir(exist_ok=True)
    script = ROOT / "scripts" / "check_commit_message.py"
    hook.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}" "$1"\n')
    hook.chmod(0o755)
    (tmp_path / "ids.py").write_text("")
    git(tmp_path, "add", "ids.py")
    return tmp_path


def git(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run git in a folder, as a committer without settings."""
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    command = ["git", "-C", str(folder), *identity, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_hook_refuses_a_commit_and_prints_all_reasons(repository: Path) -> None:
    """The staged file is code, so a body is missing, too."""
    done = git(repository, "commit", "--message", "Ids")
    assert done.returncode != 0
    assert "the form" in done.stderr
    assert "ids.py" in done.stderr
    assert git(repository, "log").returncode != 0


def test_hook_accepts_a_commit_with_a_reason(repository: Path) -> None:
    """And the commit is stored."""
    done = git(repository, "commit", "--message", f"core: Add ids.{REASON}")
    assert done.returncode == 0, done.stderr
    assert git(repository, "log", "--format=%s").stdout == "core: Add ids.\n"
