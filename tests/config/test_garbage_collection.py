"""Garbage collection at the start of a process."""

import gc
import json

from tests.core.processes import run_python

STARTS = """
import gc, json
import config, django
django.setup()
print(json.dumps([gc.get_stats()[-1]["collections"], gc.get_threshold()]))
"""


def test_start_collects_no_old_garbage_and_then_collects_as_usual() -> None:
    """A whole product, without a service."""
    done = run_python("-c", STARTS)
    assert json.loads(done.stdout) == [0, list(gc.get_threshold())], done.stderr
