"""Pictures of an imported file are stored only where the file can be converted."""

from io import BytesIO

import pytest

from apps.accounts.models import User
from apps.attachments.models import file_rows
from apps.attachments.uploads import Upload
from apps.core.errors import LimitExceededError
from apps.edits.imported_file import ImportedFile, file_convert
from tests.accounts.factories import make_user
from tests.attachments import samples

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    """Return a user who may create documents."""
    return make_user(may_create=True)


def file_with(data: bytes) -> ImportedFile:
    """Return a file with one picture."""
    return ImportedFile("", {"a": Upload(BytesIO(data), "a.png")})


def test_refused_file_stores_no_picture(user: User) -> None:
    """It would fill the disk, and count for nobody."""

    def refuse(_: set[str]) -> None:
        raise LimitExceededError("too much")

    before = file_rows().count_documents({})
    with pytest.raises(LimitExceededError):
        file_convert(file_with(samples.png()), refuse, user=user)
    assert file_rows().count_documents({}) == before


def test_file_is_converted_again_without_what_cannot_be_shown(user: User) -> None:
    """Its picture is a word then."""
    shown: list[set[str]] = []
    assert file_convert(file_with(samples.png()), shown.append, user=user)[1].keys() == {"a"}
    assert file_convert(file_with(b"no picture"), shown.append, user=user)[1] == {}
    assert shown == [{"a"}, {"a"}, set()]
