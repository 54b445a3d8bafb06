"""Shares of the storage: counted, checked, notified."""

import asyncio

import pytest
from asgiref.sync import sync_to_async
from pytest_django import Settings

from apps.accounts import changes, usage
from apps.accounts.changes import AccessChange
from apps.accounts.models import PersonUsage, User
from apps.accounts.usage import QuotaExceededError
from tests.accounts.factories import make_user

pytestmark = pytest.mark.django_db

#: What any one notice gets on a loaded machine, in seconds.
PATIENCE_S = 20


def test_storage_check_refuses_a_person_above_the_share_and_nobody_else(
    settings: Settings,
) -> None:
    """With what to do. An own share of a person comes before the default, in both directions."""
    settings.STORED_BYTES_PER_PERSON = 100
    greedy, modest, trusted, bounded = [make_user() for _ in range(4)]
    for user, own_max in ((greedy, None), (trusted, 1000), (bounded, 10)):
        PersonUsage.objects.create(user=user, stored_bytes_max=own_max)
        usage.stored_bytes_add(user_id=user.pk, more=60)
        usage.stored_bytes_add(user_id=user.pk, more=60 if user != bounded else 0)
    everybody = {str(user.pk) for user in (greedy, modest, trusted, bounded)}
    assert usage.users_over_quota(everybody) == {str(greedy.pk), str(bounded.pk)}
    usage.storage_check(user_id=str(modest.pk))
    with pytest.raises(QuotaExceededError, match="an administrator") as refused:
        usage.storage_check(user_id=str(greedy.pk))
    assert refused.value.extra == {"limit": "STORED_BYTES_PER_PERSON"}


def test_author_without_an_account_has_no_share() -> None:
    """The log has authors whose account was deleted."""
    user = make_user()
    user_id = user.pk
    user.delete()
    usage.stored_bytes_add(user_id=user_id, more=1)
    assert not PersonUsage.objects.filter(user_id=user_id).exists()
    assert usage.users_over_quota([str(user_id), "nobody", ""]) == set()


def test_counts_are_checked_against_the_own_share(settings: Settings) -> None:
    """A share of zero is a share."""
    settings.NAMED_VERSIONS_PER_PERSON = settings.DOCUMENTS_PER_PERSON = 2
    user = make_user()
    usage.documents_check(user_id=user.pk, count=1)
    usage.named_versions_check(user_id=user.pk, count=1)
    for check in (usage.documents_check, usage.named_versions_check):
        with pytest.raises(QuotaExceededError):
            check(user_id=user.pk, count=2)
    PersonUsage.objects.create(user=user, documents_max=0, named_versions_max=3)
    usage.named_versions_check(user_id=user.pk, count=2)
    with pytest.raises(QuotaExceededError):
        usage.documents_check(user_id=user.pk, count=0)


@pytest.mark.django_db(transaction=True)
async def test_person_who_exceeds_or_gets_a_share_is_notified_once(settings: Settings) -> None:
    """Each write within or beyond the share notifies nobody: it would be one for each second."""
    settings.STORED_BYTES_PER_PERSON = 100
    user, last = await sync_to_async(make_user)(), await sync_to_async(make_user)()
    reported: asyncio.Queue[AccessChange | None] = asyncio.Queue()
    task = asyncio.create_task(changes.listen(reported.put_nowait))
    async with asyncio.timeout(PATIENCE_S):
        assert await reported.get() is None
        for _ in range(5):
            await sync_to_async(usage.stored_bytes_add)(user_id=user.pk, more=40)
        await PersonUsage.objects.filter(user=user).aupdate(stored_bytes_max=1000)
        await User.objects.filter(pk=last.pk).aupdate(is_active=False)
        notices = [await reported.get() for _ in range(3)]
    assert notices == [AccessChange(user_id=user.pk)] * 2 + [AccessChange(user_id=last.pk)]
    task.cancel()
