"""Tokens and people by REST, through the whole stack."""

import json

import jwt
import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.accounts.tokens import tokens_issue
from tests.accounts.clients import assert_error, bearer
from tests.accounts.factories import PASSWORD, make_group, make_user

pytestmark = pytest.mark.django_db

TOKEN = "/api/v1/auth/token/"
REFRESH = "/api/v1/auth/token/refresh/"
REVOKE = "/api/v1/auth/token/revoke/"
SESSION = "/api/v1/auth/token/session/"
ME = "/api/v1/users/me/"
USERS = "/api/v1/users/"
GROUPS = "/api/v1/groups/"


def test_token_obtained_by_password_opens_the_api() -> None:
    """Credentials, token, authorized request (docs/system-flow.md, §1)."""
    user = make_user("caller", may_create=True, email="c@example.org", first_name="Cal")
    client = APIClient()
    pair = client.post(TOKEN, {"username": "caller", "password": PASSWORD}).json()
    assert set(pair) == {"access", "refresh"}
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {pair['access']}")
    assert client.get(ME).json() == {
        "id": user.pk,
        "username": "caller",
        "name": "Cal",
        "email": "c@example.org",
        "is_staff": False,
        "abilities": {"create_documents": True},
    }
    user.refresh_from_db()
    assert user.last_login is not None


@pytest.mark.parametrize(
    "credentials",
    [
        {"username": "known", "password": "wrong"},
        {"username": "unknown", "password": PASSWORD},
        {"username": "inactive", "password": PASSWORD},
    ],
)
def test_token_with_wrong_credentials_has_one_401_for_all_reasons(
    credentials: dict[str, str],
) -> None:
    """The response does not reveal which accounts exist."""
    make_user("known")
    make_user("inactive", is_active=False)
    body = assert_error(APIClient().post(TOKEN, credentials), 401, "no_active_account")
    assert body["detail"] == "No active account has this username and password."


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "a"},
        {"username": "a\x00b", "password": "x"},
        {"username": "\ud800", "password": "x"},
        {"username": ["a"], "password": {"b": 1}},
        {"username": "x" * 5000, "password": "x"},
        [1, 2],
    ],
)
def test_token_with_malformed_fields_is_400(body: object) -> None:
    """No input causes a server error."""
    response = APIClient().post(TOKEN, json.dumps(body), content_type="application/json")
    assert_error(response, 400, "invalid")


@pytest.mark.parametrize("raw", ["{", "nul", '{"username": "a", }', "\xff"])
def test_token_with_malformed_json_is_400(raw: str) -> None:
    """Truncated or not JSON at all."""
    response = APIClient().post(TOKEN, raw.encode("latin-1"), content_type="application/json")
    assert_error(response, 400, "parse_error")


def test_token_tried_too_often_is_429_with_retry_after(settings: Settings) -> None:
    """Within the window also the right password is refused."""
    settings.LOGIN_ATTEMPTS_PER_USERNAME_AND_ADDRESS = 2
    make_user("victim")
    for _ in range(2):
        APIClient().post(TOKEN, {"username": "victim", "password": "wrong"})
    response = APIClient().post(TOKEN, {"username": "victim", "password": PASSWORD})
    body = assert_error(response, 429, "throttled")
    assert int(response.headers["Retry-After"]) == body["extra"]["wait_s"] > 0


def test_refresh_rotates_and_the_old_token_is_refused() -> None:
    """A refresh token can be used once."""
    pair = tokens_issue(make_user())
    renewed = APIClient().post(REFRESH, {"refresh": pair.refresh})
    assert set(renewed.json()) == {"access", "refresh"}
    assert_error(APIClient().post(REFRESH, {"refresh": pair.refresh}), 401, "token_not_valid")


def test_revoke_ends_a_refresh_token_and_the_access_token() -> None:
    """Log out."""
    pair = tokens_issue(make_user())
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {pair.access}")
    assert client.get(ME).status_code == 200
    assert APIClient().post(REVOKE, {"refresh": pair.refresh}).status_code == 204
    assert_error(client.get(ME), 401, "signed_out")
    assert_error(APIClient().post(REFRESH, {"refresh": pair.refresh}), 401, "token_not_valid")


@pytest.mark.parametrize(
    "header", ["Bearer x", "Bearer", "Bearer a b", "Bearer \xff\xfe", "Bearer a.b.c", "Basic eDp5"]
)
def test_request_with_a_bad_authorization_is_401(header: str) -> None:
    """With a ``WWW-Authenticate`` header."""
    response = APIClient().get(ME, HTTP_AUTHORIZATION=header)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert set(response.json()) == {"code", "detail", "extra"}


def test_request_without_identity_is_401() -> None:
    """Every path but those that issue tokens."""
    for path in (ME, USERS):
        assert_error(APIClient().get(path), 401, "not_authenticated")


def test_request_of_a_user_deactivated_after_login_is_401() -> None:
    """The account is read at every request."""
    user = make_user()
    client = bearer(user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert_error(client.get(ME), 401, "user_inactive")


def test_tokens_are_void_after_a_change_of_password() -> None:
    """A stolen token is void; the new password works."""
    user = make_user("changing")
    pair = APIClient().post(TOKEN, {"username": "changing", "password": PASSWORD}).json()
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {pair['access']}")
    assert client.get(ME).status_code == 200
    user.set_password("another long sentence")
    user.save()
    assert_error(client.get(ME), 401, "password_changed")
    refresh = APIClient().post(REFRESH, {"refresh": pair["refresh"]})
    assert_error(refresh, 401, "token_not_valid")
    credentials = {"username": "changing", "password": "another long sentence"}
    assert APIClient().post(TOKEN, credentials).status_code == 200


def test_session_token_is_for_the_logged_in_session() -> None:
    """The page gets a token for its socket."""
    user = make_user()
    page = APIClient()
    page.force_login(user)
    body = page.post(SESSION).json()
    assert body["expires_in"] > 0
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {body['access']}")
    assert client.get(ME).json()["id"] == user.pk


def test_session_token_ends_with_the_session() -> None:
    """After logout the page's token opens nothing, also in another tab; other sessions go on."""
    user, pages, clients = make_user(), [APIClient(), APIClient()], [APIClient(), APIClient()]
    for page, client in zip(pages, clients, strict=True):
        page.force_login(user)
        access = page.post(SESSION).json()["access"]
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    assert pages[0].post("/logout/").status_code == 302
    assert_error(clients[0].get(ME), 401, "signed_out")
    assert clients[1].get(ME).status_code == 200


def test_session_token_does_not_contain_the_session_key() -> None:
    """The cookie is hidden from scripts, which see the token."""
    page = APIClient()
    page.force_login(make_user())
    claims = jwt.decode(page.post(SESSION).json()["access"], options={"verify_signature": False})
    assert str(page.session.session_key) not in json.dumps(claims)


def test_session_token_without_a_session_or_by_token_is_401() -> None:
    """A token that could obtain the next one would never expire."""
    assert_error(APIClient().post(SESSION), 401, "not_authenticated")
    assert_error(bearer(make_user()).post(SESSION), 401, "not_authenticated")


def test_session_token_needs_the_csrf_token() -> None:
    """Another site cannot make the browser obtain a token."""
    page = APIClient(enforce_csrf_checks=True)
    page.force_login(make_user())
    assert_error(page.post(SESSION), 403, "forbidden")


def test_users_search_shows_only_names() -> None:
    """E-mail addresses are not in the results."""
    make_user("findable", email="f@example.org", first_name="Fin")
    page = bearer(make_user()).get(USERS, {"search": "find"}).json()
    assert [set(person) for person in page["results"]] == [{"id", "username", "name"}]
    assert page["results"][0]["name"] == "Fin"


def test_users_search_goes_page_by_page() -> None:
    """Each match once."""
    names = {make_user(f"many-{number:02}").username for number in range(45)}
    client, url, found = bearer(make_user()), f"{USERS}?search=many-", list[str]()
    while url:
        page = client.get(url).json()
        found += [person["username"] for person in page["results"]]
        url = page["next"]
    assert len(found) == 45
    assert set(found) == names


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"search": "a\x00b"}, "invalid"),
        ({"search": "x" * 101}, "invalid"),
        ({"search": "many", "cursor": "cD0lMDA="}, "invalid_cursor"),
    ],
)
def test_users_search_with_bad_input_is_400(query: dict[str, str], code: str) -> None:
    """PostgreSQL rejects NUL, in the text and in the cursor."""
    assert_error(bearer(make_user()).get(USERS, query), 400, code)


def test_users_search_too_often_is_429(settings: Settings) -> None:
    """The list of accounts cannot be copied quickly."""
    settings.USER_SEARCHES_PER_MINUTE = 2
    client = bearer(make_user())
    for _ in range(2):
        assert client.get(USERS, {"search": "ab"}).status_code == 200
    assert_error(client.get(USERS, {"search": "ab"}), 429, "throttled")
    assert bearer(make_user()).get(USERS, {"search": "ab"}).status_code == 200


def test_groups_search_shows_names_and_sizes() -> None:
    """Not who is in them; and a search for people does not use up the searches for groups."""
    make_group(make_user(), name="Harbour team")
    answer = bearer(make_user()).get(GROUPS, {"search": "harb"})
    assert answer.json()["results"] == [{"name": "Harbour team", "members": 1}]


def test_groups_search_too_often_is_429(settings: Settings) -> None:
    """The list of groups cannot be copied quickly either."""
    settings.USER_SEARCHES_PER_MINUTE = 1
    client = bearer(make_user())
    assert client.get(USERS, {"search": "ab"}).status_code == 200
    assert client.get(GROUPS, {"search": "ab"}).status_code == 200
    assert_error(client.get(GROUPS, {"search": "ab"}), 429, "throttled")


def test_unknown_path_under_api_answers_in_the_error_shape() -> None:
    """Also without a view."""
    assert_error(APIClient().get("/api/v1/nothing/here/"), 404, "not_found")


def test_method_not_allowed_answers_in_the_error_shape() -> None:
    """The framework's own errors have the same shape."""
    assert_error(bearer(make_user()).delete(ME), 405, "method_not_allowed")


def test_answers_are_private() -> None:
    """A shared cache must not give one person's answers to another; errors included."""
    for response in (bearer(make_user()).get(ME), APIClient().get(ME)):
        assert response.headers["Cache-Control"] == "private, no-cache"
