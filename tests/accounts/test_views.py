"""Login and logout by page, and at the admin."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tests.accounts.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db


def test_url_names_have_the_documented_paths() -> None:
    """The browsable API uses the same names."""
    assert reverse("login") == reverse("rest_framework:login") == "/login/"
    assert reverse("logout") == reverse("rest_framework:logout") == "/logout/"


def test_login_opens_a_session_and_redirects_to_the_next_page() -> None:
    """But not to another site."""
    make_user("pat")
    credentials = {"username": "pat", "password": PASSWORD}
    inside = Client().post("/login/?next=/documents/x/", credentials)
    assert (inside.status_code, inside.headers["Location"]) == (302, "/documents/x/")
    outside = Client().post("/login/?next=https://evil.example/", credentials)
    assert (outside.status_code, outside.headers["Location"]) == (302, "/")


def test_login_with_a_wrong_password_has_a_plain_message() -> None:
    """And says who can help."""
    page = Client().post("/login/", {"username": "pat", "password": "wrong"}).content.decode()
    assert "This username and password do not belong together." in page
    assert "An administrator can set another one." in page


@pytest.mark.parametrize("path", ["/admin/login/"])
def test_login_tried_too_often_is_429_with_a_message(settings: Settings, path: str) -> None:
    """Pages and API share one counter."""
    settings.LOGIN_ATTEMPTS_PER_USERNAME_AND_ADDRESS = 2
    make_user("boss", is_staff=True, is_superuser=True)
    token = "/api/v1/auth/token/"
    for _ in range(2):
        Client().post(token, {"username": "boss", "password": "wrong"})
    response = Client().post(path, {"username": "boss", "password": PASSWORD})
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) > 0
    assert "Too many attempts" in response.content.decode()


def test_login_without_redis_is_503(settings: Settings) -> None:
    """Attempts cannot be counted, so they are refused; the page shows that one may retry."""
    make_user("boss", is_staff=True)
    closed = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {"default": closed}
    response = Client().post("/admin/login/", {"username": "boss", "password": PASSWORD})
    assert response.status_code == 503
    assert "Try again shortly" in response.content.decode()


def test_logout_is_a_post() -> None:
    """A link on another site cannot log a user out."""
    client = Client()
    client.force_login(make_user())
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/").status_code == 302
    assert "_auth_user_id" not in client.session
