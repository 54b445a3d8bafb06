"""A second process of the product, with an environment of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from tests.support.launcher import ROOT

T = TypeVar("T")

#: A loaded machine with two cores answers well within this, in seconds.
ANSWER_WAIT_S = 90

_ASK = """
import json, sys
import django
django.setup()
from django.test import Client
client = Client(raise_request_exception=False)
answers = []
for path, headers in json.loads(sys.argv[1]):
    response = client.get(path, headers={"host": "localhost", **headers})
    text = response.getvalue().decode()
    answers.append([response.status_code, dict(response.headers), text])
print(json.dumps(answers))
"""

#: Status, headers and text.
Answer = tuple[int, dict[str, str], str]


def run_python(*words: str, **environment: str | None) -> "subprocess.CompletedProcess[str]":
    """Run ``python words`` to its end; None takes a variable away.

    Every warning is an error there, too.
    """
    merged = {**os.environ, **environment}
    return subprocess.run(
        [sys.executable, "-W", "error", *words],
        cwd=ROOT,
        env={name: value for name, value in merged.items() if value is not None},
        capture_output=True,
        text=True,
        timeout=ANSWER_WAIT_S,
        check=False,
    )


def side_by_side(call: Callable[[str], T], names: Iterable[str]) -> dict[str, T]:
    """Return the result of a call for each name. The calls run at once, so their waits overlap."""
    names = list(names)
    with ThreadPoolExecutor(len(names)) as executor:
        return dict(zip(names, executor.map(call, names), strict=True))


def get_all(*calls: tuple[str, dict[str, str]], **environment: str) -> list[Answer]:
    """Return the answers to GETs, ``(path, headers)``, in a process whose environment differs so.

    Fails when that process does not answer and end by itself.
    """
    done = run_python("-c", _ASK, json.dumps(calls), **environment)
    assert done.returncode == 0, done.stderr
    return [(status, headers, text) for status, headers, text in json.loads(done.stdout)]


def ask(path: str, **environment: str) -> tuple[int, dict[str, Any]]:
    """Return status and JSON of one GET, as ``get_all``."""
    [(status, _, text)] = get_all((path, {}), **environment)
    return status, json.loads(text)
