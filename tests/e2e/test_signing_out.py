"""Logging out in one tab ends the others: the next person at the computer must not write as one."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.people import PASSWORD, PATIENCE_S, Person


@pytest.fixture
def ada_alone(browser: Browser, stack: Any) -> Iterator[Person]:
    """Ada with a login of her own: the other tests share one, which must not end."""
    person = Person.arrive(browser, username="ada", base_url=stack.url, state=None)
    person.page.set_default_timeout(PATIENCE_S * 1000)
    person.token = stack.token("ada")
    page = person.page
    page.goto("/login/")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("/")
    yield person
    person.leave()


def test_logging_out_in_one_tab_ends_the_others(ada_alone: Person) -> None:
    """B10: the other tab wrote on for up to 15 minutes. What it has is kept, and stored later."""
    person = ada_alone
    person.expects_network_noise = True
    document_id = person.create("Two tabs")
    person.open(document_id)
    person.write("before. ")
    expect(person.chip).to_have_text("Saved")
    other = person.context.new_page()
    other.goto("/")
    other.get_by_role("button", name="Account of Ada Lovelace").click()
    other.get_by_role("button", name="Log out").click()
    other.wait_for_url("**/login/**")
    # A second is the goal; a busy machine gets some more.
    expect(person.chip).to_have_text("Logged out", timeout=5_000)
    notice = person.page.get_by_role("alert")
    expect(notice).to_contain_text("Log in again")
    person.write("after. ")
    expect(person.chip).not_to_have_text("Saved")
    assert person.exported(document_id).strip().endswith("before.")
    notice.get_by_role("button", name="Log in").click()
    page = person.page
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    person.sees("before. after.")
    expect(person.chip).to_have_text("Saved")
