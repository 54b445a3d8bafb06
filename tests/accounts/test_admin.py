"""The admin: every page opens, and its actions have effect."""

from collections.abc import Collection
from datetime import UTC, datetime

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission as ModelRight
from django.test import Client

from apps.accounts.models import Permission, PersonUsage, TokenFamily, User
from apps.accounts.roles import Role
from apps.accounts.services import owners_kept
from apps.accounts.usage import stored_bytes_add
from apps.activity.models import Activity
from apps.core import document_names
from tests.accounts.factories import grant, make_group, make_user, new_document_id

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    """Return a superuser."""
    return make_user("the-admin", is_staff=True, is_superuser=True)


@pytest.fixture
def browser(admin: User) -> Client:
    """Return the superuser's browser."""
    client = Client()
    client.force_login(admin)
    return client


@pytest.mark.parametrize(
    "path",
    [
        "",
        "accounts/user/?q=ada&may_create=yes&is_active__exact=1",
        "accounts/user/?may_create=no",
        "accounts/user/add/",
        "auth/group/?q=team",
        "auth/group/add/",
        "accounts/permission/?q=ada&role__exact=editor",
        "accounts/permission/add/",
        "autocomplete/?term=ada&app_label=accounts&model_name=permission&field_name=user",
        "autocomplete/?term=team&app_label=accounts&model_name=permission&field_name=group",
    ],
)
def test_pages_open_with_search_and_filters(browser: Client, path: str) -> None:
    """With rows in the lists."""
    ada = make_user("ada-z", may_create=True)
    grant(ada, Role.EDITOR, new_document_id())
    grant(make_group(ada, name="team"), Role.VIEWER, new_document_id())
    assert browser.get(f"/admin/{path}").status_code == 200


def test_user_page_shows_what_is_stored_and_gives_another_share(browser: Client) -> None:
    """What was stored while the form was open stays counted."""
    user = make_user("writer")
    stored_bytes_add(user_id=user.pk, more=5 * 1024 * 1024)
    assert "5.0\xa0MB" in browser.get("/admin/accounts/user/").content.decode()
    address = f"/admin/accounts/user/{user.pk}/change/"
    page = browser.get(address)
    assert "5.0\xa0MB of 4.0\xa0GB" in page.content.decode()
    form = {
        field.html_name: field.value() if field.value() is not None else ""
        for formset in page.context["inline_admin_formsets"]
        for form in [formset.formset.management_form, *formset.formset.forms]
        for field in form
    }
    form |= {"username": "writer", "is_active": "on"}
    form |= {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    stored_bytes_add(user_id=user.pk, more=1)
    form["usage-0-stored_bytes_max"] = "4096"
    response = browser.post(address, form)
    assert response.status_code == 302, response.context["errors"]
    usage = PersonUsage.objects.get(user=user)
    assert (usage.stored_bytes, usage.stored_bytes_max) == (5 * 1024 * 1024 + 1, 4096)


def test_permission_links_to_the_documents_page(browser: Client) -> None:
    """From the list of permissions, and from the page of their user."""
    user, document_id = make_user(), new_document_id()
    grant(user, Role.EDITOR, document_id)
    for path in ("accounts/permission/", f"accounts/user/{user.pk}/change/"):
        page = browser.get(f"/admin/{path}").content.decode()
        assert f'href="/documents/{document_id}/"' in page


def test_permission_added_by_form_has_its_granter(browser: Client, admin: User) -> None:
    """An audit needs the granter."""
    user, document_id = make_user(), new_document_id()
    form = {"user": user.pk, "group": "", "document_id": document_id, "role": "editor"}
    assert browser.post("/admin/accounts/permission/add/", form).status_code == 302
    assert Permission.objects.get(user=user).granted_by == admin


@pytest.mark.parametrize(
    ("document_id", "role", "message"),
    [
        ("", "owner", "Creator is the role without a document"),
        ("not-a-uuid", "owner", "UUID"),
    ],
)
def test_invalid_permission_is_a_form_error(
    browser: Client, document_id: str, role: str, message: str
) -> None:
    """It must not reach the constraints of the database."""
    form = {"user": make_user().pk, "group": "", "document_id": document_id, "role": role}
    response = browser.post("/admin/accounts/permission/add/", form)
    assert response.status_code == 200
    assert message in response.content.decode()


def test_right_added_inline_on_a_group_is_stored(browser: Client, admin: User) -> None:
    """The page of a group has the permissions of its members."""
    group = make_group(name="crew")
    form = {
        "name": "crew",
        "document_permissions-TOTAL_FORMS": "1",
        "document_permissions-INITIAL_FORMS": "0",
        "document_permissions-0-document_id": "",
        "document_permissions-0-role": "creator",
        "document_permissions-0-group": group.pk,
    }
    assert browser.post(f"/admin/auth/group/{group.pk}/change/", form).status_code == 302
    permission = Permission.objects.get(group=group)
    assert (permission.role, permission.granted_by) == (Role.CREATOR, admin)


def test_deactivate_skips_the_current_user(browser: Client, admin: User) -> None:
    """Nobody locks themselves out with "select all"."""
    user = make_user()
    form = {"action": "deactivate", "_selected_action": [user.pk, admin.pk]}
    browser.post("/admin/accounts/user/", form)
    active = dict(User.objects.values_list("pk", "is_active"))
    assert (active[user.pk], active[admin.pk]) == (False, True)
    browser.post("/admin/accounts/user/", {**form, "action": "activate"})
    user.refresh_from_db()
    assert user.is_active


def test_admin_is_closed_to_people_without_the_staff_flag() -> None:
    """Owning documents does not open the admin."""
    client = Client()
    client.force_login(make_user(may_create=True))
    response = client.get("/admin/accounts/user/")
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/admin/login/")


def owned_alone(user: User) -> tuple[str, str]:
    """Return a document that only ``user`` owns, and one with another owner."""
    alone, shared = new_document_id(), new_document_id()
    for document_id in (alone, shared):
        grant(user, Role.OWNER, document_id)
    grant(make_user(), Role.OWNER, shared)
    grant(make_user(), Role.EDITOR, alone)
    return alone, shared


def owners(document_id: str) -> set[str]:
    """Return the names of the owners."""
    rows = Permission.objects.filter(document_id=document_id, role=Role.OWNER)
    return set(rows.values_list("user__username", flat=True))


@pytest.mark.parametrize("way", ["delete", "delete selected", "deactivate"])
def test_document_of_an_account_that_ends_gets_the_administrator(browser: Client, way: str) -> None:
    """With a word and a link. A document that another person owns is left alone."""
    user = make_user()
    alone, shared = owned_alone(user)
    if way == "delete":
        address = f"/admin/accounts/user/{user.pk}/delete/"
        response = browser.post(address, {"post": "yes"}, follow=True)
    else:
        action = way.replace(" ", "_")
        form = {"action": action, "_selected_action": user.pk, "post": "yes"}
        response = browser.post("/admin/accounts/user/", form, follow=True)
    assert f"/documents/{alone}/" in response.content.decode()
    assert f"/documents/{shared}/" not in response.content.decode()
    assert "the-admin" in owners(alone)
    assert "the-admin" not in owners(shared)


def test_document_of_a_group_that_ends_gets_the_administrator(browser: Client) -> None:
    """Also when its last active member leaves; a viewer's right becomes that of an owner."""
    admin, member = User.objects.get(username="the-admin"), make_user()
    group, left = make_group(member), make_group(member)
    of_group, of_left = new_document_id(), new_document_id()
    grant(group, Role.OWNER, of_group)
    grant(left, Role.OWNER, of_left)
    grant(admin, Role.VIEWER, of_left)
    browser.post(f"/admin/auth/group/{group.pk}/delete/", {"post": "yes"})
    assert owners(of_group) == {"the-admin"}
    with owners_kept(actor=admin, user_ids=[member.pk]) as handed_over:
        left.user_set.remove(member)
    assert handed_over == [of_left]
    assert "the-admin" in owners(of_left)


def test_document_of_an_administrator_who_deletes_the_own_account_gets_another(
    browser: Client, admin: User
) -> None:
    """Who acts is no owner afterwards; a document that nobody owned before stays so."""
    other = make_user("second-admin", is_superuser=True)
    alone, _ = owned_alone(admin)
    browser.post(f"/admin/accounts/user/{admin.pk}/delete/", {"post": "yes"})
    assert owners(alone) == {other.username}


def test_index_has_no_tables_of_tokens(browser: Client) -> None:
    """They mean nothing to the people who look after accounts."""
    page = browser.get("/admin/").content.decode()
    assert "/admin/accounts/user/" in page
    assert "/admin/token_blacklist/" not in page


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


def test_stored_right_keeps_its_document(browser: Client) -> None:
    """Whatever a form sends: the role changes alone."""
    user, document_id = make_user(), new_document_id()
    right = grant(user, Role.EDITOR, document_id)
    form = {"user": user.pk, "group": "", "document_id": new_document_id(), "role": "viewer"}
    address = f"/admin/accounts/permission/{right.pk}/change/"
    assert browser.post(address, form).status_code == 302
    right.refresh_from_db()
    assert (right.document_id, right.role) == (document_id, "viewer")
    assert browser.post(address, {**form, "role": "creator"}).status_code == 200


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


def test_model_rights_are_offered_where_they_mean_something(browser: Client) -> None:
    """On the page of a person of the staff; on a group's only where it has some already."""
    user, group = make_user(), make_group(name="crew")
    page = browser.get(f"/admin/accounts/user/{user.pk}/change/").content.decode()
    assert "Can change user" in page
    for meaningless in ("Can add writing", "Can add blacklisted token", "Can add content type"):
        assert meaningless not in page
    address = f"/admin/auth/group/{group.pk}/change/"
    assert "Can change user" not in browser.get(address).content.decode()
    group.permissions.add(ModelRight.objects.get(codename="view_user"))
    assert "Can change user" in browser.get(address).content.decode()
    assert "Can change user" not in browser.get("/admin/auth/group/add/").content.decode()


def test_saved_account_keeps_rights_that_its_page_does_not_offer(browser: Client) -> None:
    """Those of other programs, for example; an offered right is removed by the form alone."""
    user, group = make_user("holder"), make_group(name="crew")
    other, offered = (
        ModelRight.objects.get(codename=name) for name in ("add_session", "view_user")
    )
    user.user_permissions.set([other, offered])
    group.permissions.set([other, offered])
    form = {"username": "holder", "date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    form |= {f"{name}-TOTAL_FORMS": "0" for name in ("usage", "permissions")}
    form |= {f"{name}-INITIAL_FORMS": "0" for name in ("usage", "permissions")}
    chosen = {"user_permissions": [offered.pk]}
    for sent, left in (({**form, **chosen}, {other, offered}), (form, {other})):
        answer = browser.post(f"/admin/accounts/user/{user.pk}/change/", sent)
        assert answer.status_code == 302, answer.context["errors"]
        assert set(user.user_permissions.all()) == left
    form = {"name": "crew", "document_permissions-TOTAL_FORMS": "0"}
    form["document_permissions-INITIAL_FORMS"] = "0"
    answer = browser.post(f"/admin/auth/group/{group.pk}/change/", form)
    assert answer.status_code == 302, answer.context["errors"]
    assert set(group.permissions.all()) == {other}


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
