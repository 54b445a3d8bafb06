"""The admin: every page opens, and its actions have effect."""

import pytest
from django.contrib.auth.models import Permission as ModelRight
from django.test import Client

from apps.accounts.models import Permission, PersonUsage, User
from apps.accounts.roles import Role
from apps.accounts.services import owners_kept
from apps.accounts.usage import stored_bytes_add
from tests.accounts.factories import grant, make_group, make_user, new_document_id

pytestmark = pytest.mark.django_db


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
