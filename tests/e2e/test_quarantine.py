"""A document in quarantine: its people are told what happened, and others notice nothing."""

from typing import Any

from playwright.sync_api import expect

from tests.e2e.people import Person
from tests.integration.test_quarantined_document import poison


def test_people_of_a_document_in_quarantine_are_told_and_others_notice_nothing(
    ada: Person, grace: Person, stack: Any
) -> None:
    """Close code 4423 in words, with what to do; once it is rebuilt, one more try opens it."""
    other = grace.create("Undisturbed")
    grace.open(other)
    document_id = ada.create("Too slow to load")
    poison(stack, document_id)
    ada.open(document_id, status="Document closed for repair")
    notice = ada.page.get_by_role("alert")
    expect(notice).to_contain_text(
        "This document does not load and is closed for repair. Nothing is lost. "
        "Ask an administrator to repair it."
    )
    expect(ada.text).to_have_attribute("contenteditable", "false")
    expect(ada.page.get_by_role("toolbar")).to_be_hidden()

    grace.write("As always.")
    expect(grace.chip).to_have_text("Saved")
    assert grace.exported(other).strip().endswith("As always.")
    expect(grace.page.get_by_role("alert")).to_be_hidden()

    notice.get_by_role("button", name="Try again").click()
    expect(ada.chip).to_have_text("Document closed for repair")
    stack.manage("quarantine", "rebuild", document_id)
    notice.get_by_role("button", name="Try again").click()
    expect(ada.chip).to_have_text("Saved")
    ada.write("Open again.")
    expect(ada.chip).to_have_text("Saved")
    ada.sees("Open again.")
