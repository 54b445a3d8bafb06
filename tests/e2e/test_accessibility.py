"""axe finds nothing, in the light and in the dark, on every page; and no policy is violated."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Arrive
from tests.e2e.dialogs import each_dialog
from tests.e2e.people import PATIENCE_S, Person
from tests.support.eventually import eventually

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
#: Without ``preload``, which reads style sheets again.
RUN = """async () => {
  const { violations } = await axe.run({ preload: false });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}"""
ADMIN_PAGES = (
    "",
    "accounts/user/",
    "accounts/user/add/",
    "accounts/user/1/change/",
    "auth/group/",
    "auth/group/add/",
    "accounts/permission/",
    "accounts/permission/add/",
    "activity/activity/",
    "documents/",
    "documents/?show=open",
    "documents/ID/close-sessions/",
    "activity/accountevent/",
    "password_change/",
)
API_PAGES = ("", "documents/", "documents/ID/", "documents/ID/permissions/", "users/me/")
LINES = (
    "# Plan\n\nSee [the map](https://example.org/).\n\n- [ ] Ask\n\n> Quote\n\n```\ncode\n```\n\n"
    "> [!NOTE]\n> a\n\n> [!TIP]\n> b\n\n> [!WARNING]\n> c\n\n> [!CAUTION]\n> d\n\n"
    "<details>\n<summary>More</summary>\n\nBy [@Ann](#person-7).\n\n</details>\n\n"
    '<mark>e</mark> <mark data-color="green">f</mark> <mark data-color="blue">g</mark> '
    '<mark data-color="purple">h</mark> <mark data-color="red">i</mark> '
    '<mark data-color="orange">j</mark> 10<sup>6</sup> [@Ann](#person-7)\n\n'
    "## k\n\n### l\n\n#### m\n\n##### n\n\n###### o\n"
)


def violations(page: Page) -> list[str]:
    """Return what axe finds."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    return list(page.evaluate(RUN))


def check(page: Page, name: str) -> None:
    """Fail if axe finds a violation."""
    assert violations(page) == [], name


@pytest.fixture
def plan(ada: Person) -> str:
    """Return a document of Ada's with one of most things, open in her page."""
    made = ada.api("POST", "documents/import/", format="md", content=LINES, title="Plan")
    return str(made["id"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_pages(arrive: Arrive, plan: str, scheme: Any) -> None:
    """The list, the trash, the editor and each of its dialogs, the reference, the login page."""
    ada = arrive("ada", color_scheme=scheme)
    page = ada.page
    for address, text in (("/", "Plan"), ("/?trash", "Trash"), ("/api/docs/", "Shapes")):
        page.goto(address)
        expect(page.get_by_text(text).first).to_be_visible()
        check(page, address)
    ada.open(plan)
    ada.text.get_by_role("link", name="the map").click()
    expect(page.get_by_role("group", name="Link")).to_be_visible()
    check(page, "editor")
    for name in each_dialog(ada):
        check(page, name)
        if name == "History":
            page.get_by_role("tab", name="Lost or doubled text").click()
            expect(page.get_by_text("Nothing was written into a part")).to_be_visible()
            check(page, "lost text")
    page.context.clear_cookies()
    page.goto("/login/")
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    check(page, "/login/")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_administration_and_the_api(
    arrive: Arrive, plan: str, scheme: Any
) -> None:
    """Nor does the browser refuse a style or a script; documents are links by their titles."""
    admin = arrive("admin", color_scheme=scheme)
    for address in ADMIN_PAGES:
        admin.page.goto(f"/admin/{address.replace('ID', plan)}", wait_until="load")
        check(admin.page, f"admin/{address}")
    for address in API_PAGES:
        admin.page.goto(f"/api/v1/{address.replace('ID', plan)}")
        check(admin.page, f"api/v1/{address}")
    admin.page.goto("/admin/accounts/permission/")
    link = admin.page.locator(f"a[href='/documents/{plan}/']")
    right = admin.page.get_by_role("row").filter(has=link)
    expect(right.get_by_role("link", name="Plan")).to_be_visible()
    right.get_by_role("link").first.click()
    expect(link).to_have_text("Plan")
    check(admin.page, "admin: a right")


def test_administrator_closes_the_sessions_of_a_document(
    ada: Person, arrive: Arrive, plan: str
) -> None:
    """Who is there is listed; they are disconnected, connect again, and have lost nothing."""
    ada.expects_network_noise = True
    ada.open(plan)
    admin = arrive("admin")
    page = admin.page
    row = page.get_by_role("row").filter(has=page.locator(f"a[href='/documents/{plan}/']"))

    def is_listed() -> bool:
        page.goto("/admin/documents/?show=open")
        return row.count() == 1

    eventually(is_listed, PATIENCE_S)
    expect(row).to_contain_text("Ada Lovelace")
    row.get_by_role("link", name="Close sessions of Plan").click()
    expect(page.get_by_text("There now: Ada Lovelace.")).to_be_visible()
    with ada.page.expect_websocket():
        page.get_by_role("button", name="Close sessions").click()
    expect(page.get_by_text("The sessions of “Plan” are closed.")).to_be_visible()
    expect(ada.chip).to_have_text("Saved")
    ada.write(" and on")
    expect(ada.chip).to_have_text("Saved")
    assert "sessions_closed" in [event["kind"] for event in ada.activity(plan)]


def test_browsable_api_changes_a_document_by_its_forms(ada: Person, plan: str) -> None:
    """The raw form of PATCH, and DELETE behind a question."""
    page = ada.page
    page.goto(f"/api/v1/documents/{plan}/")
    page.locator("textarea[name=_content]").fill('{"title": "Renamed by a form"}')
    page.get_by_role("button", name="PATCH").click()
    expect(page.get_by_label("Response", exact=True)).to_contain_text(
        '"title": "Renamed by a form"'
    )
    page.get_by_text("DELETE…").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_label("Response", exact=True)).to_contain_text("HTTP 204")
