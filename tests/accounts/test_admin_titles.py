"""The admin names documents by their titles, read once for a page."""

from collections.abc import Collection
from datetime import UTC, datetime

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission as ModelRight
from django.test import Client

from apps.accounts.models import TokenFamily, User
from apps.accounts.roles import Role
from apps.activity.models import Activity
from apps.core import document_names
from tests.accounts.factories import grant, make_group, make_user, new_document_id

pytestmark = pytest.mark.django_db


def test_list_of_rights_reads_the_titles_of_documents_once(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A title is a link; a document that no longer exists has its id."""
    known, gone = new_document_id(), new_document_id()
    for document_id in (known, gone):
        grant(make_user(), Role.OWNER, document_id)
    asked = []

    def titles(document_ids: Collection[str]) -> dict[str, str]:
        asked.append(set(document_ids))
        return {known: "Plan <b>"}

    monkeypatch.setattr(document_names, "_providers", [titles])
    page = browser.get("/admin/accounts/permission/").content.decode()
    assert f'<a href="/documents/{known}/" title="{known}">Plan &lt;b&gt;</a>' in page
    assert f'title="{gone}">{gone}</a>' in page
    assert len(asked) == 1


def titled(monkeypatch: pytest.MonkeyPatch, titles: dict[str, str]) -> None:
    """Give documents their titles."""
    monkeypatch.setattr(document_names, "_providers", [lambda _: titles])


def test_stored_right_names_its_document_by_its_title(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the page of its user, on its own, and before it is deleted: never by its id alone."""
    user, document_id = make_user("holder"), new_document_id()
    right = grant(user, Role.EDITOR, document_id)
    titled(monkeypatch, {document_id: "The plan"})
    own = f"/admin/accounts/permission/{right.pk}"
    for address in (f"/admin/accounts/user/{user.pk}/change/", f"{own}/change/"):
        page = browser.get(address).content.decode()
        assert f'<a href="/documents/{document_id}/" title="{document_id}">The plan</a>' in page
        assert f">{document_id}<" not in page
        assert f'value="{document_id}"' not in page
        assert "holder: editor of The plan" in page
    selected = {"action": "delete_selected", "_selected_action": right.pk}
    for response in (
        browser.get(f"{own}/delete/"),
        browser.post("/admin/accounts/permission/", selected),
    ):
        assert "holder: editor of The plan" in response.content.decode()


@pytest.mark.parametrize("subject", ["user", "group"])
def test_deletion_names_the_documents_of_rights_by_their_titles(
    browser: Client, monkeypatch: pytest.MonkeyPatch, subject: str
) -> None:
    """The pages that ask, for one user or group and for a selection of them."""
    document_id = new_document_id()
    holder = make_user("holder") if subject == "user" else make_group(name="crew")
    grant(holder, Role.EDITOR, document_id)
    titled(monkeypatch, {document_id: "The plan"})
    address = "/admin/accounts/user/" if subject == "user" else "/admin/auth/group/"
    selected = {"action": "delete_selected", "_selected_action": holder.pk}
    for response in (
        browser.get(f"{address}{holder.pk}/delete/"),
        browser.post(address, selected),
    ):
        page = response.content.decode()
        assert "editor of The plan" in page
        assert document_id not in page


def test_deletion_of_a_user_names_sign_ins_by_their_time(browser: Client) -> None:
    """Not by an id."""
    family = TokenFamily.objects.create(
        user=make_user("holder"), expires_at=datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
    )
    page = browser.get(f"/admin/accounts/user/{family.user.pk}/delete/").content.decode()
    assert "API sign-in of holder until 4 Mar 2026, 05:06" in page
    assert str(family.pk) not in page


def test_rights_of_a_user_read_the_titles_once(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not one query for each row."""
    user = make_user()
    for _ in range(3):
        grant(user, Role.EDITOR, new_document_id())
    asked = []

    def titles(document_ids: Collection[str]) -> dict[str, str]:
        asked.append(len(document_ids))
        return {}

    monkeypatch.setattr(document_names, "_providers", [titles])
    browser.get(f"/admin/accounts/user/{user.pk}/change/")
    assert asked == [3]


def test_staff_who_may_only_look_see_titles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their pages have no forms."""
    holder, document_id = make_user(), new_document_id()
    right = grant(holder, Role.EDITOR, document_id)
    titled(monkeypatch, {document_id: "The plan"})
    client = Client()
    client.force_login(staff("view_user", "view_permission"))
    for address in (f"user/{holder.pk}", f"permission/{right.pk}"):
        page = client.get(f"/admin/accounts/{address}/change/").content.decode()
        assert ">The plan</a>" in page
        assert f">{document_id}<" not in page


def test_log_of_the_administration_says_which_document(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its title, by its id without one; a page of deletions and the activity too."""
    group, known, gone = make_group(name="crew"), new_document_id(), new_document_id()
    titled(monkeypatch, {known: "The plan"})
    user = make_user("holder")
    for document_id, name in ((known, "The plan"), (gone, gone)):
        form = {"user": user.pk, "group": "", "document_id": document_id, "role": "editor"}
        answer = browser.post("/admin/accounts/permission/add/", form, follow=True)
        assert f"holder: editor of {name}" in answer.content.decode()
        assert LogEntry.objects.latest("pk").object_repr == f"holder: editor of {name}"
    prefix = "document_permissions"
    form = {"name": "crew", f"{prefix}-TOTAL_FORMS": "1", f"{prefix}-INITIAL_FORMS": "0"}
    form |= {f"{prefix}-0-document_id": known, f"{prefix}-0-role": "editor"}
    form |= {f"{prefix}-0-group": str(group.pk)}
    browser.post(f"/admin/auth/group/{group.pk}/change/", form)
    assert "crew: editor of The plan" in str(LogEntry.objects.latest("pk").get_change_message())
    page = browser.get(f"/admin/accounts/user/{user.pk}/delete/").content.decode()
    assert f"holder: editor of {gone}" in page
    assert str(Activity(document_id=gone, username="holder", kind="joined")).endswith(gone)


def test_search_by_title_says_that_it_was_cut(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list that looks complete would be believed."""
    found = [new_document_id() for _ in range(document_names.TITLES_FOUND_MAX + 1)]
    monkeypatch.setattr(document_names, "_searches", [lambda _: found])
    for address in ("accounts/permission", "activity/activity"):
        page = browser.get(f"/admin/{address}/?q=plan").content.decode()
        assert "200 documents with this title are shown, not all" in page
    found.pop()
    page = browser.get("/admin/accounts/permission/?q=plan").content.decode()
    assert "not all" not in page


def staff(*rights: str) -> User:
    """Return a person of the staff with these rights in the administration."""
    user = make_user(is_staff=True)
    user.user_permissions.set(
        ModelRight.objects.filter(codename__in=rights, content_type__app_label="accounts")
    )
    return user
