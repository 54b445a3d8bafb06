"""The page's schema: equal to the server's table, entry by entry (ADR 0019)."""

import json
import shutil
import subprocess
from typing import Any

import pytest

from apps.crdt.content import schema_table
from apps.crdt.content.bounds import MAX_TABLE_CELLS
from apps.crdt.content.schema_table import MARKS, NODES, Entry
from config.env import BASE_DIR

#: Nodes without an element of their own in a diff.
NO_ELEMENT = {"doc", "text"}
ENTRIES = [
    *(("nodes", name, entry) for name, entry in NODES.items()),
    *(("marks", name, entry) for name, entry in MARKS.items()),
]


@pytest.fixture(scope="module")
def page() -> Any:
    """Return what the page knows: its table, the editor's schema, the elements of its diff."""
    script = BASE_DIR / "tests" / "editor" / "schema_of_page.mjs"
    node = shutil.which("node")
    assert node is not None
    done = subprocess.run([node, str(script)], capture_output=True, check=True, timeout=60)
    return json.loads(done.stdout)


def test_page_knows_the_version_of_the_server_and_nothing_else(page: Any) -> None:
    """The handshake names it."""
    assert page["version"] == schema_table.SCHEMA_VERSION
    assert page["maxTableCells"] == MAX_TABLE_CELLS
    for kind, entries in (("nodes", NODES), ("marks", MARKS)):
        assert set(page["table"][kind]) == set(entries)
        assert set(page["editor"][kind]) == set(entries)


@pytest.mark.parametrize(("kind", "name", "entry"), ENTRIES, ids=str)
def test_page_has_each_entry_with_its_types(page: Any, kind: str, name: str, entry: Entry) -> None:
    """The table of the page, the editor, and the diff of the history."""
    own = page["table"][kind].get(name)
    assert own == {"since": entry.since, "attributes": dict(entry.attributes)}, f"{name}: table"
    checked = dict.fromkeys(entry.attributes, True)
    assert page["editor"][kind].get(name) == checked, f"{name}: the editor's attributes"
    assert name in NO_ELEMENT or name in page["diff"][kind], f"{name}: the diff"
