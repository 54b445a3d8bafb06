"""The worker counts references to files from the topic, in a group of its own."""

import signal
from typing import Any

import pycrdt
import pymongo

from tests.attachments import samples
from tests.integration.conftest import Enter
from tests.support.clients import Client
from tests.support.eventually import eventually
from tests.support.launcher import Launched


def upload(stack: Launched, document_id: str) -> str:
    """Attach a picture as Ada; return its id."""
    files = {"file": ("a.png", samples.png(), "image/png")}
    answer = stack.call("ada", "POST", f"documents/{document_id}/attachments/", files=files)
    return str(answer.json()["id"])


def counted(stack: Launched, document_id: str, file_id: str) -> int | None:
    """Return the last operation that is counted for a file; None where it is not attached."""
    with pymongo.MongoClient[dict[str, Any]](stack.settings()["MONGODB_URL"]) as client:
        rows = client.get_default_database().attachments
        row = rows.find_one({"_id": f"{document_id}:{file_id}"})
    return None if row is None else int(row.get("seq") or 0)


async def show(person: Client, file_id: str) -> int:
    """Insert a picture; return the seq of the operation."""

    def change(doc: "pycrdt.Doc[Any]") -> None:
        root = doc.get("default", type=pycrdt.XmlFragment)
        root.children.append(pycrdt.XmlElement("image", {"attachment": file_id}))

    unique_id = await person.submit(person.edit(change))
    return await person.until_ack(unique_id)


async def test_reference_is_counted_and_a_copied_picture_is_attached(
    enter: Enter, document_id: str, stack: Launched
) -> None:
    """Of the document, and by its author's rights of another one."""
    file_id = upload(stack, document_id)
    ada = await enter("ada", document_id, native=True)
    seq = await show(ada, file_id)
    eventually(lambda: counted(stack, document_id, file_id) == seq, 60)
    other = stack.create_document("ada", grace="editor")
    assert counted(stack, other, file_id) is None
    copying = await enter("ada", other, native=True)
    seq = await show(copying, file_id)
    eventually(lambda: counted(stack, other, file_id) == seq, 60)
    path = f"documents/{other}/attachments/{file_id}/"
    assert stack.call("grace", "GET", path).status_code == 200


async def test_killed_worker_counts_what_came_meanwhile(
    enter: Enter, document_id: str, stack: Launched
) -> None:
    """Its offsets are committed after the references are stored."""
    file_id = upload(stack, document_id)
    ada = await enter("ada", document_id, native=True)
    old = stack.kill("worker", signal.SIGKILL)
    seq = await show(ada, file_id)
    stack.wait_for_another("worker", old)
    eventually(lambda: counted(stack, document_id, file_id) == seq, 90)


async def test_id_of_a_file_of_another_document_opens_nothing(
    enter: Enter, document_id: str, stack: Launched
) -> None:
    """Grace writes the id of a picture that she may not see."""
    secret = stack.create_document("ada")
    file_id = upload(stack, secret)
    grace = await enter("grace", document_id, native=True)
    await show(grace, file_id)
    own = upload(stack, document_id)
    seq = await show(grace, own)
    eventually(lambda: counted(stack, document_id, own) == seq, 60)
    assert counted(stack, document_id, file_id) is None
    path = f"documents/{document_id}/attachments/{file_id}/"
    assert stack.call("grace", "GET", path).status_code == 404
