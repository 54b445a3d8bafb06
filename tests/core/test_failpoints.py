"""Failpoints: nothing at all unless armed, and then the one moment that was asked for.

What becomes of the edits is in ``tests/crash/test_failpoints.py``.
"""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.core.exceptions import ImproperlyConfigured

from apps.core import failpoints
from tests.core.processes import ANSWER_WAIT_S, run_python
from tests.support.launcher import ROOT

LOAD = ("-c", "import django; django.setup()")
WRONG = ["after_lunch:1", "after_lock", "after_lock:0", "after_lock:-1", "after_lock:x", ":3"]


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    """Disarm afterwards: this process must not die."""
    yield
    failpoints.arm(None)


@pytest.mark.parametrize("text", [None, ""])
def test_failpoints_are_inert_when_off(text: str | None) -> None:
    """Nothing is armed, and a call without a check does nothing, too."""
    failpoints.arm(text)
    assert failpoints.armed is None
    for point in failpoints.POINTS:
        failpoints.reach(point)


def test_other_points_and_earlier_times_do_nothing() -> None:
    """Only the named point counts."""
    failpoints.arm("after_insert:3")
    for point in failpoints.POINTS:
        failpoints.reach(point)
    assert failpoints.armed == failpoints.Failpoint("after_insert", remaining=2)


def test_armed_point_kills_the_process_at_its_time() -> None:
    """Without a handler, without ``finally``."""
    script = (
        "from apps.core import failpoints\n"
        "failpoints.arm('before_ack:2')\n"
        "failpoints.reach('before_ack')\n"
        "print('once', flush=True)\n"
        "try:\n    failpoints.reach('before_ack')\n"
        "finally:\n    print('twice', flush=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=ANSWER_WAIT_S,
        check=False,
    )
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "once\n")
    assert "before_ack" in done.stderr


@pytest.mark.parametrize("text", WRONG)
def test_unknown_failpoint_is_refused_with_the_known_ones(text: str) -> None:
    """A test with a typing error must not pass because nothing dies."""
    with pytest.raises(ImproperlyConfigured, match=re.escape(repr(text))) as caught:
        failpoints.arm(text)
    assert "FAILPOINT" in str(caught.value)
    assert all(point in str(caught.value) for point in failpoints.POINTS)


def test_unknown_failpoint_stops_the_start() -> None:
    """Of any process of the product, with the name of the variable."""
    done = run_python(*LOAD, FAILPOINT="after_lunch:1")
    assert done.returncode != 0
    assert "FAILPOINT" in done.stderr.strip().splitlines()[-1]


def test_failpoint_is_refused_by_the_production_settings() -> None:
    """Nobody should set one there by mistake."""
    done = run_python(
        *LOAD, DJANGO_SETTINGS_MODULE="config.settings.production", FAILPOINT="after_lock:1"
    )
    assert done.returncode != 0
    assert "FAILPOINT" in done.stderr.strip().splitlines()[-1]


def test_every_point_has_one_call_behind_a_check() -> None:
    """A point without a call is never reached; a call without a check costs time."""
    found: list[str] = []
    for file in ROOT.glob("apps/**/*.py"):
        if file.name != "failpoints.py":
            text = file.read_text()
            calls = re.findall(r'failpoints\.reach\w*\("(\w+)"\)', text)
            looks = re.findall(r"if failpoints\.armed\b.*:\n\s+(?:await )?failpoints\.reach", text)
            assert len(looks) == len(calls), file
            found += calls
    assert sorted(found) == sorted(failpoints.POINTS)
