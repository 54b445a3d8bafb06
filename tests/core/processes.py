"""A second process of the product, with services of its own choice."""

import json
import os
import subprocess
import sys
from typing import Any

from tests.support.launcher import ROOT

#: A loaded machine with two cores answers well within this, in seconds.
ANSWER_WAIT_S = 90

_ASK = """
import json, sys
import django
django.setup()
from django.test import Client
response = Client(raise_request_exception=False).get(sys.argv[1], headers={"host": "localhost"})
print(json.dumps([response.status_code, response.json()]))
"""


def ask(path: str, **environment: str) -> tuple[int, dict[str, Any]]:
    """Return status and JSON of a GET in a process whose environment differs so.

    Fails when that process does not answer and end by itself.
    """
    done = subprocess.run(
        [sys.executable, "-c", _ASK, path],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=ANSWER_WAIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    status, body = json.loads(done.stdout)
    return status, body
