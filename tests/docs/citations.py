"""Finds citations in documents, docstrings and comments that lead nowhere in the repository."""

import ast
import fnmatch
import functools
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.support.launcher import ROOT

#: Folders of the repository that a citation may begin with.
TOPS: Final = (
    "apps", "benchmarks", "config", "docker", "docs", "requirements", "scripts", "static",
    "templates", "tests",
)  # fmt: skip
#: Endings of paths that are citations; bare names are citations if they are of code or documents.
ENDINGS: Final = "css|html|in|js|json|md|mjs|py|sh|svg|template|toml|txt|yaml"
#: Folders that a command makes, and git ignores.
GENERATED: Final = ("benchmarks/results", "docker/secrets")
#: Documents that the repository does not have.
ABSENT: Final = re.compile(r"\b(?:(?:RE)?DESIGN|HOUSE|CONTRACT|FINDINGS)\b")

_IGNORED: Final = {"node_modules", "__pycache__", ".venv"}
_URL: Final = re.compile(r"\b[a-z]+://\S+")
_FENCE: Final = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
_QUOTED: Final = re.compile(r"`([^`\n]+)`")
_PATH: Final = re.compile(rf"(?<![\w./-])(?:{'|'.join(TOPS)})/[\w./*{{}},-]*[\w*}}/](?:::\w+)?")
_NAME: Final = re.compile(r"[\w./*{},-]+\.(?:js|md|mjs|py)(?:::\w+)?")
_MODULE: Final = re.compile(r"(?<![\w./-])(?:apps|benchmarks|config|tests)(?:\.[A-Za-z_]\w*)+")
_SHORT: Final = re.compile(r"[a-z]+(?:\.\w+)+")
_ADR: Final = re.compile(r"\bADRs? (\d{4}(?:(?:, | and )\d{4})*)")
_SECTION: Final = re.compile(r"(system-flow\.md`*\)?,? )?§(\d*)((?:(?:, | and | to )§\d+)*)")
_INVARIANT: Final = re.compile(
    r"(?:invariants\.md`*\)?, |\b(invariants? ))(\d+(?:(?:, | and | to )\d+\b)*)"
)


def broken(text: str, *, folder: Path = ROOT) -> list[str]:
    """Return the citations of a text that lead nowhere; ``folder`` is where the text lies."""
    text = _URL.sub("", text)
    words = re.sub(r"\s*\n[\s*#/|]*", " ", text)
    found = [
        *_links(text, folder),
        *_paths(text, folder),
        *_modules(words),
        *(f"ADR {number}" for number in _numbers(_ADR, words) if not _has(f"docs/adr/{number}-*")),
        *_sections(words),
        *_invariants(words),
        *ABSENT.findall(words),
    ]
    return list(dict.fromkeys(found))


# --- what is read -------------------------------------------------------------------------------


def texts() -> Iterator[tuple[Path, str]]:
    """Yield every file whose citations have to lead somewhere, and what is read of it."""
    for name in [*files(), "README.md", "CONTRIBUTING.md", "CHANGELOG.md"]:
        path = ROOT / name
        if "vendor" in path.parts:
            continue
        if name == "CHANGELOG.md":
            yield path, path.read_text("utf-8").split("\n## ")[1]
        elif path.suffix == ".md":
            yield path, path.read_text("utf-8")
        elif path.suffix == ".py":
            yield path, "\n".join(python_prose(path.read_text("utf-8")))
        elif path.suffix in {".js", ".mjs", ".css"}:
            yield path, "\n".join(script_prose(path.read_text("utf-8")))
        elif path.suffix == ".in":
            yield path, "\n".join(re.findall(r"#.*", path.read_text("utf-8")))


def python_prose(source: str) -> Iterator[str]:
    """Yield the docstrings and comments of a module; comments that follow each other as one."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""
    yield "\n".join(
        token.string
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    )


def script_prose(source: str) -> list[str]:
    """Return the comments of a script or a style sheet."""
    return re.findall(r"/\*.*?\*/|(?<!:)//[^\n]*", source, re.DOTALL)


@functools.cache
def files() -> tuple[str, ...]:
    """Return the files of the repository's folders, relative to its root."""
    return tuple(
        path.relative_to(ROOT).as_posix()
        for top in TOPS
        for path in sorted((ROOT / top).rglob("*"))
        if path.is_file() and _IGNORED.isdisjoint(path.relative_to(ROOT).parts)
    )


# --- kinds of citations -------------------------------------------------------------------------


def _links(text: str, folder: Path) -> Iterator[str]:
    """Yield the targets of relative links that are not there, with or without a heading."""
    for target in _LINK.findall(_FENCE.sub("", text)):
        name, _, heading = target.partition("#")
        if not (folder / name).exists():
            yield target
            continue
        cited = (folder / name).read_text("utf-8") if name and heading else text
        if heading and heading not in _headings(cited):
            yield target


def _headings(text: str) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def _paths(text: str, folder: Path) -> Iterator[str]:
    """Yield the paths, anywhere in the text, and the file names in backticks that are not there."""
    quoted = (name for name in _QUOTED.findall(text) if _NAME.fullmatch(name))
    for name in [*_PATH.findall(text), *quoted]:
        for path in _expanded(name):
            file, _, function = path.partition("::")
            is_there = _has(file) or (folder / file).exists()
            if not is_there or (function and not _defines(file, function)):
                yield path


def _expanded(name: str) -> Iterator[str]:
    """Yield the names that one with alternatives in braces stands for."""
    if found := re.search(r"\{([^{}]*,[^{}]*)\}", name):
        for part in found[1].split(","):
            yield from _expanded(name[: found.start()] + part.strip() + name[found.end() :])
    else:
        yield name


@functools.cache
def _has(name: str) -> bool:
    """Return whether the repository has a file or folder of this name, or of names that end so."""
    if "NNNN" in name or name.startswith(GENERATED):  # the pattern for a new file; not stored
        return True
    name = name.rstrip("/")
    if (ROOT / name).exists():
        return True
    return any(fnmatch.fnmatch(f"/{file}", f"*/{name}") for file in files())


@functools.cache
def _defines(file: str, function: str) -> bool:
    return re.search(rf"\bdef {function}\(", (ROOT / file).read_text("utf-8")) is not None


def _modules(text: str) -> Iterator[str]:
    """Yield dotted names of modules, or of what they define, that are not there."""
    for name in _MODULE.findall(text):
        if name.rpartition(".")[2] not in ENDINGS.split("|") and not _resolves(name):
            yield name
    for name in _QUOTED.findall(text):
        app = name.partition(".")[0]
        if _SHORT.fullmatch(name) and (ROOT / "apps" / app).is_dir() and not _is_known(name):
            yield name


def _is_known(name: str) -> bool:
    """Return whether a name without ``apps`` is that of a module, a field, or a task in quotes."""
    app, _, rest = name.partition(".")
    return (
        _resolves(f"apps.{name}")
        or _resolves(f"apps.{app}.models.{rest}")
        or f'"{name}"' in _sources()
    )


@functools.cache
def _sources() -> str:
    return "".join((ROOT / file).read_text("utf-8") for file in files() if file.endswith(".py"))


@functools.cache
def _resolves(name: str) -> bool:
    path, parts = ROOT, name.split(".")
    while parts and (path / parts[0]).is_dir():
        path = path / parts.pop(0)
    if not parts:
        return True
    module = path / f"{parts[0]}.py"
    if module.is_file():
        parts.pop(0)
    else:
        module = path / "__init__.py"
    if not parts:
        return True
    source = module.read_text("utf-8") if module.is_file() else ""
    return (
        re.search(rf"^\s*(?:(?:async )?def |class )?{parts[0]}\b", source, re.MULTILINE) is not None
    )


def _numbers(pattern: re.Pattern[str], text: str) -> list[str]:
    return [number for found in pattern.findall(text) for number in re.findall(r"\d+", found)]


def _sections(text: str) -> Iterator[str]:
    """Yield sections of the system flow that are not there, or do not say of which document."""
    own = "# System flow " in text
    known = _headed("docs/system-flow.md", r"^## §(\d+)\.")
    for file, number, others in _SECTION.findall(text):
        cited = [number, *re.findall(r"\d+", others)]
        if not (file or own) or not known.issuperset(cited):
            yield f"§{number}{others}"


def _invariants(text: str) -> Iterator[str]:
    """Yield numbers of invariants that are not there, or do not say of which document."""
    own = "# Invariants " in text
    known = _headed("docs/invariants.md", r"^## (\d+)\.")
    for bare, numbers in _INVARIANT.findall(text):
        if (bare and not own) or not known.issuperset(re.findall(r"\d+", numbers)):
            yield f"invariant {numbers}"


@functools.cache
def _headed(name: str, pattern: str) -> frozenset[str]:
    return frozenset(re.findall(pattern, (ROOT / name).read_text("utf-8"), re.MULTILINE))
