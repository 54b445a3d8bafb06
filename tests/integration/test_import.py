"""Import through a running server: the content is in the log, and on open pages."""

import asyncio
import hashlib
import json
from typing import Any

import pytest
import requests

from apps.crdt.content.prosemirror import document_json
from apps.office.pictures import OfficePicture
from tests.attachments import samples
from tests.crdt.content.trees import EVERYTHING, block, item, paragraph, task, text
from tests.integration.conftest import Enter, read_log
from tests.office import samples as office
from tests.support.launcher import Launched
from tests.support.web_server import WebServer


def exported(stack: Launched, document_id: str, query: str = "") -> list[dict[str, Any]]:
    """Return the content of one of Ada's documents."""
    answer = stack.call("ada", "GET", f"documents/{document_id}/export/json/{query}")
    assert answer.status_code == 200, answer.text
    content: list[dict[str, Any]] = answer.json()["content"]
    return content


def bring(stack: Launched, body: dict[str, str], who: str = "ada") -> dict[str, Any]:
    """Import a new document; return its JSON."""
    answer = stack.call(who, "POST", "documents/import/", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("md", "# Plan\n\n- [x] **a**\n\n1. b\n"),
        (
            "html",
            (
                "<h1>Plan</h1><ul><li><input type=checkbox checked><b>a</b></ul>"
                "<ol><li>b</ol><script>alert(1)</script>"
            ),
        ),
        (
            "json",
            json.dumps(
                {
                    "type": "doc",
                    "content": [
                        block("heading", "Plan", level=1),
                        block(
                            "taskList",
                            block("taskItem", paragraph(text("a", "bold")), checked=True),
                        ),
                        block("orderedList", item("b"), start=1),
                    ],
                }
            ),
        ),
    ],
)
def test_import_makes_a_document_of_one_operation(stack: Launched, kind: str, content: str) -> None:
    """Named by its first heading, which then is not repeated; the log has the importing user."""
    body = bring(stack, {"format": kind, "content": content})
    assert (body["title"], body["seq"], body["role"]) == ("Plan", 1, "owner")
    assert exported(stack, body["id"]) == [
        block("taskList", block("taskItem", paragraph(text("a", "bold")), checked=True)),
        block("orderedList", item("b"), start=1),
    ]
    (operation,) = read_log(stack, body["id"])
    assert operation["author"]["username"] == "ada"


def test_content_round_trips_in_each_format(stack: Launched) -> None:
    """From one document to another, by JSON, HTML and Markdown."""
    document = {"type": "doc", "content": EVERYTHING}
    body = {"format": "json", "content": json.dumps(document), "title": "Plan: A/B"}
    first = bring(stack, body)
    assert exported(stack, first["id"]) == _by_name(EVERYTHING)
    for kind in ("json", "html", "md"):
        out = stack.call("ada", "GET", f"documents/{first['id']}/export/{kind}/")
        files = {"file": (f"Copy.{kind}", out.content)}
        answer = stack.call("ada", "POST", "documents/import/", files=files)
        assert (answer.status_code, answer.json()["title"]) == (201, "Plan: A/B"), answer.text
        copy = exported(stack, answer.json()["id"])
        assert copy[3:] == _by_name(EVERYTHING)[3:], kind
    state = stack.call("ada", "GET", f"documents/{first['id']}/export/yjs/").content
    assert document_json(state)["content"] == _by_name(EVERYTHING)


def _by_name(nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return nodes with their marks sorted, because Yjs does not order them."""
    return [
        node
        | ({"content": _by_name(node["content"])} if "content" in node else {})
        | (
            {"marks": sorted(node["marks"], key=lambda mark: str(mark["type"]))}
            if "marks" in node
            else {}
        )
        for node in nodes
    ]


#: Files as other programs write them: name, content, title, and what the exported page has.
FILES: dict[str, tuple[str, str, str]] = {
    "Plan 2026.md": ("Some intro.\n\n### Next steps\n\nx", "Plan 2026", "<h3>Next steps</h3>"),
    "note.md": ("---\ntitle: My note\ntags: [a]\n---\n\n# Hello", "My note", "<h1>Hello</h1>"),
    "page.html": (
        "<head><title>Budget 2026</title></head><body><h1>Introduction</h1><p>x</p></body>",
        "Budget 2026",
        "<h1>Introduction</h1>",
    ),
    "heading.html": ("<h1><p>Title</p></h1><p>x</p>", "Title", "<h1>Title</h1>\n<p>x</p>"),
    "cells.html": ("<table><tr><td><p>Ann</p><td>31</table>", "cells", "<tr><td><p>Ann</p></td>"),
    "picture.md": ("![](https://a.b/c.png)", "picture", '<a href="https://a.b/c.png"'),
    "film.html": ("<video src='https://a.b/c'>Watch it</video>", "film", ">Watch it</a>"),
    "power.html": ("<p>10<sup>6</sup></p>", "power", "<p>10<sup>6</sup></p>"),
    "address.txt": ("Line one\x0bLine two", "address", "<p>Line one<br>Line two</p>"),
    "basic.json": (
        json.dumps(
            {
                "type": "doc",
                "content": [
                    block(
                        "ordered_list",
                        block("list_item", paragraph("three", {"type": "hard_break"})),
                        order=3,
                    ),
                    block("code_block", "a\nb", params="py"),
                ],
            }
        ),
        "basic",
        '<p>three<br></p></li>\n</ol>\n<pre><code class="language-py">a\nb</code></pre>',
    ),
    "deep.md": (
        "".join(f"{'  ' * level}- level {level}\n" for level in range(40)),
        "deep",
        "level 39",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_file_of_another_program_keeps_all_it_has(stack: Launched, name: str) -> None:
    """From the file to the exported page, whose import has the same title and content."""
    content, title, shown = FILES[name]
    made = stack.call("ada", "POST", "documents/import/", files={"file": (name, content.encode())})
    assert (made.status_code, made.json()["title"]) == (201, title), made.text
    address = f"documents/{made.json()['id']}/export/html/"
    page = stack.call("ada", "GET", address).text
    assert shown in page
    again = stack.call(
        "ada", "POST", "documents/import/", files={"file": ("other.html", page.encode())}
    )
    address = f"documents/{again.json()['id']}/export/html/"
    assert stack.call("ada", "GET", address).text == page


def test_text_file_without_a_heading_is_named_by_its_file(stack: Launched) -> None:
    """And has a paragraph for each line."""
    answer = stack.call(
        "ada", "POST", "documents/import/", files={"file": ("Liste.txt", b"a\n\n# b\n")}
    )
    assert answer.json()["title"] == "Liste"
    assert exported(stack, answer.json()["id"]) == [
        paragraph("a"),
        paragraph(),
        paragraph("# b"),
    ]


async def test_import_into_an_open_document_is_an_edit_that_all_see(
    stack: Launched, enter: Enter, document_id: str
) -> None:
    """For all sessions, once for each id, with the right to write; the version before is kept."""
    reader = await enter("alan", document_id)
    await reader.until(reader.synced.is_set)
    path = f"documents/{document_id}/import/"

    async def insert(who: str, **body: str) -> Any:
        return await asyncio.to_thread(stack.call, who, "POST", path, json=body)

    first = await insert("ada", format="md", content="middle", unique_id="mine")
    assert (first.status_code, first.json()["seq"]) == (201, 1), first.text
    assert first.json()["unique_id"] == "mine"
    last = await insert("grace", format="html", content="<p>last</p>")
    assert last.json()["seq"] == 2
    tasks = await insert("grace", format="md", content="- [ ] first", at="start")
    assert (tasks.status_code, tasks.json()["seq"]) == (201, 3)
    again = await insert("ada", format="md", content="middle", unique_id="mine")
    assert (again.status_code, again.json()["seq"]) == (200, 1)
    assert again.json()["duplicate"] is True
    refused = await insert("alan", format="md", content="no")
    assert refused.status_code == 403
    wanted = [
        block("taskList", task("first", checked=False)),
        paragraph("middle"),
        paragraph("last"),
    ]
    await reader.until(lambda: document_json(reader.doc.get_update())["content"] == wanted)
    assert exported(stack, document_id) == wanted
    assert exported(stack, document_id, "?seq=1") == [paragraph("middle")]
    log = await asyncio.to_thread(read_log, stack, document_id)
    assert [row["author"]["username"] for row in log] == ["ada", "grace", "grace"]


def test_import_larger_than_an_update_is_refused_and_leaves_nothing(stack: Launched) -> None:
    """413 with the name of the limit; many small blocks are larger than their text."""
    body = {"format": "txt", "content": "a\n" * 100_000, "title": "Too many"}
    answer = stack.call("ada", "POST", "documents/import/", json=body)
    assert (answer.status_code, answer.json()["extra"]["limit"]) == (413, "update_bytes")
    found = stack.call("ada", "GET", "documents/", params={"search": "Too many"})
    assert found.json()["results"] == []


def test_duplicate_has_the_content_in_a_log_of_its_own(stack: Launched) -> None:
    """As one operation of the person who made it; nobody else has it; the original stays."""
    content = json.dumps({"type": "doc", "content": EVERYTHING})
    made = bring(stack, {"format": "json", "content": content, "title": "Plan"})
    stack.share(made["id"], "grace", "viewer")
    answer = stack.call("grace", "POST", f"documents/{made['id']}/duplicate/", json={})
    assert answer.status_code == 201, answer.text
    copy = answer.json()
    assert answer.headers["Location"] == copy["links"]["self"]
    assert (copy["title"], copy["role"], copy["seq"]) == ("Copy of Plan", "owner", 1)
    written = stack.call("grace", "GET", f"documents/{copy['id']}/operations/").json()["results"]
    assert [operation["author"]["username"] for operation in written] == ["grace"]
    page = stack.call("grace", "GET", f"documents/{copy['id']}/export/json/").json()
    assert page["content"] == exported(stack, made["id"])
    assert stack.call("ada", "GET", f"documents/{copy['id']}/").status_code == 404
    again = stack.call("ada", "POST", f"documents/{made['id']}/duplicate/", json={"title": "Mine"})
    assert again.json()["title"] == "Mine"
    assert len(read_log(stack, made["id"])) == 1


def test_duplicate_has_the_files_that_its_content_shows(stack: Launched) -> None:
    """And no other of the document's files."""
    document_id = stack.create_document("ada")
    ids = []
    for _ in range(2):
        picture = {"file": ("a.png", samples.png(), "image/png")}
        answer = stack.call("ada", "POST", f"documents/{document_id}/attachments/", files=picture)
        ids.append(answer.json()["id"])
    body = {"format": "md", "content": f"A reference to {ids[0]}."}
    assert stack.call("ada", "POST", f"documents/{document_id}/import/", json=body).ok
    copy = stack.call("ada", "POST", f"documents/{document_id}/duplicate/").json()
    listed = stack.call("ada", "GET", f"documents/{copy['id']}/attachments/").json()["results"]
    assert [row["id"] for row in listed] == ids[:1]
    assert stack.call("ada", "GET", f"documents/{copy['id']}/attachments/{ids[0]}/").ok


def word_file(data: bytes) -> bytes:
    """Return a Word file with a picture, as the product writes it."""
    file_id = hashlib.sha256(data).hexdigest()
    picture = block("image", attachment=file_id, alt="a chart", caption="Growth")
    known = {file_id: OfficePicture(data, "image/png", 40, 30)}
    return office.exported([paragraph("before"), picture], "docx", pictures=known)


def pictures_of(stack: Launched, document_id: str) -> list[dict[str, Any]]:
    """Return the attributes of the pictures of one of Ada's documents."""
    return [one["attrs"] for one in exported(stack, document_id) if one["type"] == "image"]


def test_pictures_of_a_word_file_become_attachments(stack: Launched) -> None:
    """Cleaned as uploads are, also where the file goes into a document; and they go out again."""
    data = samples.png(text=samples.LATITUDE)
    file = {"file": ("Plan.docx", word_file(data))}
    made = stack.call("ada", "POST", "documents/import/", files=file)
    assert made.status_code == 201, made.text
    document_id = made.json()["id"]
    (shown,) = pictures_of(stack, document_id)
    assert (shown["alt"], shown["caption"]) == ("a chart", "Growth")
    assert shown["attachment"] == hashlib.sha256(data).hexdigest()
    served = stack.call("ada", "GET", f"documents/{document_id}/attachments/{shown['attachment']}/")
    assert (served.status_code, served.headers["Content-Type"]) == (200, "image/png")
    assert samples.LATITUDE not in served.content
    address = f"documents/{document_id}/attachments/{shown['attachment']}/"
    assert stack.call("grace", "GET", address).status_code == 404
    file = {"file": ("Plan.docx", word_file(samples.png()))}
    into = stack.call("ada", "POST", f"documents/{document_id}/import/", files=file)
    assert into.status_code == 201, into.text
    assert len(pictures_of(stack, document_id)) == 2
    listed = stack.call("ada", "GET", f"documents/{document_id}/attachments/").json()["results"]
    assert {row["id"] for row in listed} == {
        one["attachment"] for one in pictures_of(stack, document_id)
    }
    stack.share(document_id, "grace", "viewer")
    for kind in ("docx", "odt", "epub"):
        out = stack.call("grace", "GET", f"documents/{document_id}/export/{kind}/")
        assert out.status_code == 200, out.text
        own = [one.data for one in office.read(out.content, kind).pictures.values()]
        assert served.content in own
        assert len(own) == 2
    pdf = stack.call("grace", "GET", f"documents/{document_id}/export/pdf/").content
    assert pdf.count(b"/Subtype/Image") + pdf.count(b"/Subtype /Image") >= 2


def test_picture_that_cannot_be_shown_becomes_a_word_of_the_document(stack: Launched) -> None:
    """A metafile, and one of 10,000 x 10,000 pixels; the text comes, nothing else is stored."""
    for data in (b"\x01\x00\x00\x00 a metafile", samples.bomb()):
        file = {"file": ("Plan.docx", word_file(data))}
        made = stack.call("ada", "POST", "documents/import/", files=file)
        assert made.status_code == 201, made.text
        document_id = made.json()["id"]
        assert not pictures_of(stack, document_id)
        page = stack.call("ada", "GET", f"documents/{document_id}/export/txt/").text
        assert page.startswith("before\n[picture: a chart]")
        assert not stack.call("ada", "GET", f"documents/{document_id}/attachments/").json()[
            "results"
        ]


def test_import_of_more_pictures_than_a_document_may_have_leaves_nothing(stack: Launched) -> None:
    """Refused with its limit, and no document is left."""
    with WebServer(stack, "web-few", {"ATTACHMENTS_PER_DOCUMENT": "1"}) as server:
        document_id = stack.create_document("ada")
        path = f"documents/{document_id}/import/"
        for status in (201, 413):
            file = {"file": ("Plan.docx", word_file(samples.png()))}
            answer = requests.post(
                f"{server.url}/api/v1/{path}",
                files=file,
                headers={"Authorization": f"Bearer {stack.token('ada')}"},
                timeout=60,
            )
            assert answer.status_code == status, answer.text
        assert answer.json()["extra"]["limit"] == "ATTACHMENTS_PER_DOCUMENT"
        assert len(pictures_of(stack, document_id)) == 1
