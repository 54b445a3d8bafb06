"""The browsable API in a browser: pages with forms, filters and links, for a logged-in session."""

import html
import re

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.documents.models import Document
from tests.accounts.factories import grant, make_user
from tests.documents.factories import make_document

pytestmark = pytest.mark.django_db

DOCUMENTS = "/api/v1/documents/"


@pytest.fixture
def browser(owner: User) -> Client:
    """Return a browser in which the owner is logged in."""
    client = Client(headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    client.force_login(owner)
    return client


def page(browser: Client, path: str, status: int = 200) -> str:
    """Return the text of a page."""
    response = browser.get(path)
    assert response.status_code == status
    assert response.headers["Content-Type"].startswith("text/html")
    return response.content.decode()


def links(text: str) -> list[str]:
    """Return the URLs of a page's links."""
    return [html.unescape(link) for link in re.findall(r'href="([^"]+)"', text)]


def test_every_page_renders_with_its_form(browser: Client, document: Document) -> None:
    """Every page renders, and each one with input has a form, of JSON for PATCH."""
    path = f"{DOCUMENTS}{document.id}/"
    permission = grant(make_user(), Role.VIEWER, document.id)
    fields = {
        "/api/v1/": [],
        DOCUMENTS: ["title", "search"],
        path: ["_content"],
        f"{path}permissions/": ["user", "group", "role"],
        f"{path}permissions/{permission.pk}/": ["_content"],
        "/api/v1/users/me/": [],
        "/api/v1/users/?search=us": [],
    }
    for address, names in fields.items():
        text = page(browser, address)
        for name in names:
            assert f'name="{name}"' in text, (address, name)


@pytest.fixture
def document(owner: User) -> Document:
    """Return a document of the owner."""
    return make_document(owner, title="One & <only>")


def test_token_pages_render_without_a_login() -> None:
    """The pages that issue tokens need no identity."""
    browser = Client(headers={"accept": "text/html"})
    for name, field in (("", "username"), ("refresh/", "refresh"), ("revoke/", "refresh")):
        text = page(browser, f"/api/v1/auth/token/{name}", status=405)
        assert f'name="{field}"' in text


def test_page_escapes_titles(browser: Client, document: Document) -> None:
    """A title is text, also when it looks like markup."""
    text = page(browser, f"{DOCUMENTS}{document.id}/")
    assert "<only>" not in text
    assert "One &amp; &lt;only&gt;" in text


def test_list_page_offers_filters_order_and_pages(browser: Client, owner: User) -> None:
    """Each link leads to a page that renders."""
    for number in range(3):
        make_document(owner, title=f"Plan {number}")
    text = page(browser, f"{DOCUMENTS}?search=plan&page_size=2")
    assert 'value="plan"' in text
    offered = [link for link in links(text) if f"{DOCUMENTS}?" in link and "format=" not in link]
    for word in ("ordering=title", "trashed=true", "owned=true", "owned=false", "cursor="):
        assert any(word in link for link in offered), word
    for link in offered:
        page(browser, link)


def test_document_page_links_to_its_parts(browser: Client, document: Document) -> None:
    """All pages of a document can be reached by links."""
    text = page(browser, f"{DOCUMENTS}{document.id}/")
    assert any(link.endswith(f"{document.id}/permissions/") for link in links(text))
    assert any(link.endswith(f"{document.id}/restore/") for link in links(text))


def test_page_has_the_user_and_links_to_log_in_and_out(browser: Client, owner: User) -> None:
    """The logout is a form, the login a link."""
    text = page(browser, DOCUMENTS)
    assert owner.username in text
    assert f'action="/logout/?next={DOCUMENTS}"' in text
    nobody = Client(headers={"accept": "text/html"})
    assert "/login/?next=/api/v1/" in links(page(nobody, "/api/v1/"))


def test_pages_need_no_inline_script(browser: Client, document: Document) -> None:
    """The Content-Security-Policy blocks inline scripts, so their buttons would not work."""
    for address in ("/api/v1/", DOCUMENTS, f"{DOCUMENTS}{document.id}/"):
        text = page(browser, address)
        assert re.findall(r"""\son\w+=["'][^"']*|javascript:""", text) == []
        scripts = re.findall(r"<script([^>]*)>", text)
        assert all("src=" in tag or "application/json" in tag for tag in scripts)


def test_form_creates_a_document(browser: Client) -> None:
    """The form's data has the format that a browser sends."""
    response = browser.post(DOCUMENTS, {"title": "By hand"})
    assert response.status_code == 201
    assert "By hand" in response.content.decode()


def test_error_page_shows_the_error(browser: Client) -> None:
    """The page shows the JSON of the error."""
    assert "document_not_found" in page(browser, f"{DOCUMENTS}nothing/", status=404)
    assert "is not a valid choice" in page(browser, f"{DOCUMENTS}?ordering=x", status=400)
