"""Documents as files, in the page: export by keyboard, import by a file chooser."""

import json
import re
from pathlib import Path

from playwright.sync_api import FilePayload, Route, expect

from tests.crdt.content.trees import EVERYTHING, block, paragraph, task
from tests.e2e.people import Person, choosing_files
from tests.office.samples import exported


def test_document_is_exported_in_each_format(ada: Person) -> None:
    """The latest keys are in the file, which is named by the title."""
    document_id = ada.create("My plan")
    ada.open(document_id)
    ada.write("# First\nSome words")
    expect(ada.chip).to_have_text("Saved")
    page = ada.page
    ada.menu("Export")
    dialog = page.get_by_role("dialog", name="Export")
    expect(dialog.get_by_role("link")).to_have_count(11)
    expect(dialog.get_by_role("link", name="Word for Word")).to_be_focused()
    dialog.get_by_role("link", name="Markdown").focus()
    with page.expect_download() as markdown:
        page.keyboard.press("Enter")
    assert markdown.value.suggested_filename == "My plan.md"
    assert Path(markdown.value.path()).read_text() == "# My plan\n\n# First\n\nSome words\n"
    for name, ending in (("HTML", "html"), ("Plain", "txt"), ("JSON", "json"), ("Yjs", "yjs")):
        with page.expect_download() as download:
            dialog.get_by_role("link", name=name).click()
        assert download.value.suggested_filename == f"My plan.{ending}"
        assert b"Some words" in Path(download.value.path()).read_bytes()
    for name, start in (("Word for", b"PK"), ("PDF", b"%PDF-"), ("OpenDocument", b"PK")):
        with page.expect_download() as download:
            dialog.get_by_role("link", name=name).click()
        assert Path(download.value.path()).read_bytes().startswith(start)
    expect(dialog.get_by_role("status")).to_be_empty()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_long_export_has_a_line_of_progress_and_a_cancel(ada: Person) -> None:
    """The request ends with it; the dialog stays, and its error says what to do."""
    ada.expects_network_noise = True
    document_id = ada.create("My plan")
    ada.open(document_id)
    page = ada.page
    held: list[Route] = []
    page.route("**/export/pdf/", lambda route: held.append(route))  # noqa: PLW0108 - Playwright needs a function
    ada.menu("Export")
    dialog = page.get_by_role("dialog", name="Export")
    dialog.get_by_role("link", name="PDF").click()
    status = dialog.get_by_role("status")
    expect(status).to_contain_text("Making PDF…")
    expect(status.get_by_role("progressbar")).to_be_visible()
    with page.expect_event("requestfailed"):
        status.get_by_role("button", name="Cancel").click()
    expect(status).to_be_empty()
    page.unroute("**/export/pdf/")
    body = '{"code": "conversions_busy", "detail": "Try again shortly.", "extra": {}}'
    page.route("**/export/pdf/", lambda route: route.fulfill(status=503, body=body))
    dialog.get_by_role("link", name="PDF").click()
    expect(status).to_contain_text("Try again shortly.")
    page.unroute("**/export/pdf/")
    with page.expect_download() as download:
        status.get_by_role("button", name="Try again").click()
    assert download.value.suggested_filename == "My plan.pdf"


def test_word_file_becomes_a_document(ada: Person) -> None:
    """With its title and its tasks."""
    page = ada.page
    page.goto("/")
    data = exported([block("taskList", task("done", checked=True)), paragraph("end")], "docx")
    with choosing_files(page) as chooser:
        page.get_by_role("button", name="Import…").click()
    word = FilePayload(name="notes.docx", mimeType="application/zip", buffer=data)
    chooser.value.set_files(word)
    page.wait_for_url(re.compile(r"/documents/[0-9a-f-]{36}/"))
    expect(page.get_by_label("Title", exact=True)).to_have_value("T")
    expect(ada.text.get_by_role("checkbox")).to_be_checked()


def test_file_becomes_a_document(ada: Person) -> None:
    """Hostile HTML is sanitised; the page shows it, and it can be edited."""
    page = ada.page
    page.goto("/")
    html = (
        "<h1>Brought along</h1><script>alert(1)</script><ul><li><input type=checkbox checked>done"
        "</ul><p onclick=alert(1)>a <b>bold</b> <a href='javascript:alert(1)'>word</a></p>"
        "<h5>deep</h5><pre><code>x  y</code></pre><table><tr><td>1<td>2</table><p>end"
    )
    with choosing_files(page) as chooser:
        page.get_by_role("button", name="Import…").click()
    chooser.value.set_files(
        FilePayload(name="notes.html", mimeType="text/html", buffer=html.encode())
    )
    page.wait_for_url(re.compile(r"/documents/[0-9a-f-]{36}/"))
    expect(page.get_by_label("Title", exact=True)).to_have_value("Brought along")
    expect(ada.chip).to_have_text("Saved")
    expect(ada.text.locator("strong")).to_have_text("bold")
    expect(ada.text.get_by_role("checkbox")).to_be_checked()
    expect(ada.text.locator("a")).to_have_count(0)
    expect(ada.text.locator("h5")).to_have_text("deep")
    expect(ada.text).to_have_attribute("contenteditable", "true")
    ada.write(" and more")
    ada.finds("end and more")
    expect(ada.text.locator("td")).to_have_text(["1", "2"])
    expect(ada.chip).to_have_text("Saved")


def test_imported_document_is_as_the_page_would_have_written_it(ada: Person) -> None:
    """A single key changes a single character: the page corrects nothing."""
    content = json.dumps({"type": "doc", "content": EVERYTHING})
    document_id = ada.api("POST", "documents/import/", format="json", content=content)["id"]
    path = f"documents/{document_id}/export/json/"
    before = ada.api("GET", path)
    ada.open(document_id)
    ada.write("!")
    expect(ada.chip).to_have_text("Saved")
    after = ada.api("GET", path)
    assert after["content"].pop() == paragraph("end!")
    assert before["content"].pop() == paragraph("end")
    assert after == before


def test_import_of_a_binary_file_shows_an_error(ada: Person) -> None:
    """The list stays open, with a message."""
    ada.expects_network_noise = True
    page = ada.page
    page.goto("/")
    picture = FilePayload(name="a.md", mimeType="text/markdown", buffer=b"\x89PNG\r\n")
    page.locator("#import-file").set_input_files(picture)
    expect(page.get_by_text("This is a picture, not a text.")).to_be_visible()
