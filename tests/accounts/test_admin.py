"""The admin: every page opens, and its actions have effect."""

import pytest
from django.test import Client

from apps.accounts.models import Permission, User
from apps.accounts.roles import Role
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
