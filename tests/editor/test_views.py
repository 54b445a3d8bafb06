"""The pages as a browser gets them."""

import gzip
import json
import re

import pytest
from django.test import Client

from tests.accounts.factories import make_user
from tests.documents.factories import make_document

pytestmark = pytest.mark.django_db


def test_editor_page_is_compressed_and_has_no_token() -> None:
    """What others choose (the title) and a secret in one compressed page would tell the secret."""
    user = make_user("ada", may_create=True)
    document = make_document(user, title="A plan")
    client = Client(headers={"Accept-Encoding": "gzip, br"})
    client.force_login(user)
    response = client.get(f"/documents/{document.id}/")
    assert response["Content-Encoding"] == "gzip"
    html = gzip.decompress(response.content).decode()
    assert len(response.content) < len(html) / 3
    data = re.search(r'<script id="page-data" type="application/json">(.*?)</script>', html)
    assert data
    assert json.loads(data[1])["document"]["title"] == "A plan"
    secrets = [response.cookies["csrftoken"].value, client.cookies["sessionid"].value]
    assert not [secret for secret in secrets if secret in html]
    assert "csrfmiddlewaretoken" not in html
    assert "csrfmiddlewaretoken" in client.get("/").content.decode()
    assert "Content-Encoding" not in client.get("/")
