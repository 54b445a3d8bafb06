"""Comments are removed from scripts and styles, and nothing else is."""

import json
import subprocess
from pathlib import Path

import pytest

from apps.core.static_comments import script_stripped, style_stripped
from config.env import BASE_DIR

#: Prints whether two modules are the same for a parser that knows the whole language.
COMPARE = """
import { readFileSync } from "node:fs";
import { transformSync } from "esbuild";
const read = (code, loader) =>
  transformSync(code, { loader, minifyWhitespace: true, legalComments: "none" }).code;
const pairs = JSON.parse(readFileSync(0, "utf8"));
const different = pairs.filter(([, source, stripped, loader]) =>
  read(source, loader) !== read(stripped, loader));
console.log(JSON.stringify(different.map(([name]) => name)));
"""


@pytest.mark.parametrize(
    ("source", "stripped"),
    [
        ("/** One. */\na = 1; // two\n", " \na = 1; \n"),
        ("/**\n * Two lines.\n */\nrun();\n", "\n\n\nrun();\n"),
        ("a = /** @type {number} */ (b);\n", "a =   (b);\n"),
        ("return/* one word */a", "return a"),
        ("a/*\n*/++b", "a\n++b"),
        ('a = "/* no comment */";', 'a = "/* no comment */";'),
        ("a = 'it\\'s // none';", "a = 'it\\'s // none';"),
        ("a = `https://x/* ${b} */`;", "a = `https://x/* ${b} */`;"),
        ('a = b.match(/[/*"]/g); // c', 'a = b.match(/[/*"]/g); '),
        ("if (/\\/\\/'/.test(a)) b();", "if (/\\/\\/'/.test(a)) b();"),
        ("a = b / c; // d / e", "a = b / c; "),
        ("// don't\na = 'b';", "\na = 'b';"),
    ],
)
def test_script_stripped_removes_comments_alone(source: str, stripped: str) -> None:
    """Not what looks like one in a string, a template or a regular expression."""
    assert script_stripped(source) == stripped


@pytest.mark.parametrize(
    ("source", "stripped"),
    [
        ('a = `a${b ? `//x` : ""}c`; // d', 'a = `a${b ? `//x` : ""}c`; '),
        ("a = `${`/* ${`// b`} */`} // c`;", "a = `${`/* ${`// b`} */`} // c`;"),
        ("a = `b${/* c */ d /* e */}f`;", "a = `b${  d  }f`;"),
        ("a = `${{ b: { c: `//d` } }.b.c}`; // e", "a = `${{ b: { c: `//d` } }.b.c}`; "),
        ('a = `${"}`"}//b`; // c', 'a = `${"}`"}//b`; '),
        ("a = `$\\{$${b}\\`//c`; // d", "a = `$\\{$${b}\\`//c`; "),
        ("a = b.match(/[{`]/); // c", "a = b.match(/[{`]/); "),
    ],
)
def test_script_stripped_reads_nested_templates(source: str, stripped: str) -> None:
    """Text of a template within the code of another one is text, and its code is code."""
    assert script_stripped(source) == stripped


@pytest.mark.parametrize(
    "source",
    ["/* a */ b = `c", "/* a */ b = `${c", "/* a */ b = `${c}", "/* a */ }", "/* a */ if (b) {"],
)
def test_script_that_is_not_balanced_is_returned_as_it_is(source: str) -> None:
    """Its literals may not be what they look like."""
    assert script_stripped(source) == source


@pytest.mark.parametrize(
    ("source", "stripped"),
    [
        ("/* a */\np { margin: 0; }", " \np { margin: 0; }"),
        ('p::after { content: "/* a */"; }', 'p::after { content: "/* a */"; }'),
        ("p { background: url(//a/b.svg); }", "p { background: url(//a/b.svg); }"),
    ],
)
def test_style_stripped_removes_comments_alone(source: str, stripped: str) -> None:
    """Not what looks like one in a string or an address."""
    assert style_stripped(source) == stripped


def test_every_own_script_and_style_has_the_same_meaning_without_comments() -> None:
    """For a parser of the whole language; and each line keeps its number."""
    static = BASE_DIR / "static"
    pairs = [_pair(file) for file in sorted(static.glob("js/**/*.js"))]
    pairs += [_pair(file) for file in sorted(static.glob("css/*.css"))]
    assert len(pairs) > 100
    for name, source, stripped, _ in pairs:
        assert source.count("\n") == stripped.count("\n"), name
    compared = subprocess.run(
        ["node", "--input-type=module", "-e", COMPARE],  # noqa: S607 - Node of the PATH
        input=json.dumps(pairs),
        capture_output=True,
        text=True,
        check=True,
        cwd=BASE_DIR,
        timeout=60,
    )
    assert json.loads(compared.stdout) == []


def _pair(file: Path) -> tuple[str, str, str, str]:
    source = file.read_text(encoding="utf-8")
    strip = script_stripped if file.suffix == ".js" else style_stripped
    return file.name, source, strip(source), file.suffix.removeprefix(".")
