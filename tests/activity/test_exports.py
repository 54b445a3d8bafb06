"""Exports in the trail."""

from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from apps.accounts.roles import Role
from apps.activity.services import READ_RECORD_INTERVAL
from apps.core import clock
from tests.accounts.clients import bearer
from tests.accounts.factories import grant, make_user
from tests.activity.trail import trail
from tests.documents.factories import make_document

pytestmark = pytest.mark.django_db


def test_export_is_recorded_with_its_reader_and_format(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once in a while for each format; an answer without the file is none, nor is a refusal."""
    owner, reader = make_user(may_create=True), make_user()
    document = make_document(owner)
    path = f"/api/v1/documents/{document.id}/export"
    client: APIClient = bearer(reader)
    assert client.get(f"{path}/md/").status_code == 404
    grant(reader, Role.VIEWER, document.id)
    before = len(trail(document.id))

    first = client.get(f"{path}/md/")
    assert client.get(f"{path}/md/", headers={"If-None-Match": first["ETag"]}).status_code == 304
    for kind in ("md", "txt"):
        assert client.get(f"{path}/{kind}/").status_code == 200
    exports = [("exported", reader.username, {"format": kind, "seq": 0}) for kind in ("md", "txt")]
    assert trail(document.id)[before:] == exports
    later = clock.now() + READ_RECORD_INTERVAL + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert client.get(f"{path}/md/").status_code == 200
    assert trail(document.id)[before:] == [*exports, exports[0]]
