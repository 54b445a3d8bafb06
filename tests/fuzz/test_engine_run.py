"""Odd but valid updates behind reader, gate and guard harm no process, and no content is lost."""

import os
import signal
import subprocess
import sys

import pytest

from config.env import BASE_DIR
from tests.crdt.apart import Apart
from tests.crdt.samples import letters, written
from tests.fuzz import engine_run
from tests.fuzz.engine_run import judge_documents

#: Documents of ``make test``; ``make fuzz`` judges 10,000.
DOCUMENTS = 300


def test_admitted_updates_load_again_with_the_same_content() -> None:
    """In a child with limits of time and memory, with a deadline for each document."""
    report = judge_documents(range(DOCUMENTS))
    assert not report.findings, "\n".join(map(str, report.findings))
    assert report.sums["documents"] == DOCUMENTS
    assert report.sums["admitted"] > 2 * DOCUMENTS
    assert report.sums["refused"] > DOCUMENTS / 2
    assert not report.sums["unordered"]


def test_document_is_judged_without_the_settings_of_a_product() -> None:
    """As by ``make fuzz``; this one repeats other content, and its document is looked through."""
    script = "from tests.fuzz import engine_run as run; print(run.judge_documents([17110028]))"
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.stdout.strip().endswith("findings=[])"), done.stdout + done.stderr


def _dies(updates: list[bytes]) -> None:
    if MURDEROUS in updates:
        os.kill(os.getpid(), signal.SIGKILL)


#: An update at which the process of the next test ends.
MURDEROUS = written([(9, 0, [letters("x", parent="content")])])


def test_document_that_ends_its_process_is_found_and_shrunk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The finding has the update alone, and its number."""
    harmless = [written([(n, 0, [letters("y", parent="content")])]) for n in range(1, 6)]
    monkeypatch.setattr(engine_run, "judge", _dies)
    monkeypatch.setattr(engine_run, "odd_document", lambda _number: [*harmless, MURDEROUS])
    [finding] = judge_documents([3]).findings
    assert finding.updates == (MURDEROUS,)
    assert "died" in finding.failure
    assert str(finding).startswith("odd document 3: ")
    assert MURDEROUS.hex() in str(finding)


def _takes(size_bytes: int) -> int:
    return len(bytearray(size_bytes))


def test_child_has_a_limit_of_memory() -> None:
    """An update that makes the engine allocate without bound is a finding."""
    with Apart(memory_bytes=engine_run.DOCUMENT_MEMORY_BYTES) as process:
        assert process.call(_takes, 1024) == 1024
        with pytest.raises(MemoryError):
            process.call(_takes, engine_run.DOCUMENT_MEMORY_BYTES)
