"""Every change of rights reaches a listener through PostgreSQL, over real sockets."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from statistics import median
from typing import Any

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Group
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection, transaction

from apps.accounts import changes
from apps.accounts.changes import AccessChange
from apps.accounts.models import Permission, TokenFamily, User
from apps.accounts.roles import Role
from apps.accounts.sign_ins import session_digest
from apps.core import clock
from tests.accounts.factories import grant, make_group, make_user, new_document_id

pytestmark = pytest.mark.django_db(transaction=True)

#: ADR 0003: within a second.
PROMISE_S = 1.0
#: Number of measurements, because the machine itself may pause.
TRIES = 5
#: Timeout of a single notice on a loaded machine, in seconds.
PATIENCE_S = 20

Changes = asyncio.Queue[AccessChange | None]


async def next_change(reported: Changes) -> AccessChange | None:
    """Return the next change, or fail when none arrives."""
    async with asyncio.timeout(PATIENCE_S):
        return await reported.get()


@pytest.fixture
async def reported() -> AsyncIterator[Changes]:
    """Listen, and put changes into a queue, after the first None."""
    queue: Changes = asyncio.Queue()
    task = asyncio.create_task(changes.listen(queue.put_nowait))
    assert await next_change(queue) is None
    yield queue
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_listen_reports_a_permission_granted_changed_and_deleted(reported: Changes) -> None:
    """By plain writes, without a service."""
    document_id = new_document_id()
    user = await sync_to_async(make_user)()
    permission = await sync_to_async(grant)(user, Role.VIEWER, document_id)
    assert await next_change(reported) == AccessChange(document_id=document_id)
    await Permission.objects.filter(pk=permission.pk).aupdate(role=Role.EDITOR)
    assert await next_change(reported) == AccessChange(document_id=document_id)
    await Permission.objects.filter(pk=permission.pk).adelete()
    assert await next_change(reported) == AccessChange(document_id=document_id)


async def test_listen_reports_within_a_second(reported: Changes) -> None:
    """At the median: a single late notice may be due to a busy machine."""
    waits = []
    for _ in range(TRIES):
        document_id = new_document_id()
        await sync_to_async(changes.access_publish)(document_id=document_id)
        told_at = time.monotonic()
        assert await next_change(reported) == AccessChange(document_id=document_id)
        waits.append(time.monotonic() - told_at)
    assert median(waits) < PROMISE_S


async def test_listen_reports_that_the_sockets_of_a_document_close(reported: Changes) -> None:
    """When the transaction commits; a notice of another form closes nothing."""
    document_id = new_document_id()

    def close() -> None:
        with transaction.atomic():
            changes.sockets_close_publish(document_id=document_id)

    await sync_to_async(close)()
    assert await next_change(reported) == AccessChange(document_id=document_id, closes=True)
    assert changes.change_parse('{"closes": true}') is None
    assert changes.change_parse('{"document_id": "d", "closes": 1}') == AccessChange("d")


async def test_listen_reports_both_documents_when_a_permission_moves(reported: Changes) -> None:
    """Users who lose one of them must be shut out of it."""
    old, new = new_document_id(), new_document_id()
    permission = await sync_to_async(grant)(await sync_to_async(make_user)(), Role.VIEWER, old)
    await next_change(reported)
    await Permission.objects.filter(pk=permission.pk).aupdate(document_id=new)
    documents = {(await next_change(reported)), (await next_change(reported))}
    assert documents == {AccessChange(document_id=old), AccessChange(document_id=new)}


@pytest.mark.parametrize(
    "fields",
    [{"is_active": False}, {"is_superuser": True}, {"username": "other"}, {"password": "x"}],
)
async def test_listen_reports_a_change_of_the_account(
    reported: Changes, fields: dict[str, object]
) -> None:
    """Deactivated, superuser or not, renamed, another password."""
    user = await sync_to_async(make_user)()
    await User.objects.filter(pk=user.pk).aupdate(**fields)
    assert await next_change(reported) == AccessChange(user_id=user.pk)


async def test_listen_does_not_report_a_login(reported: Changes) -> None:
    """A change without an effect on rights is not published."""
    user = await sync_to_async(make_user)()
    await User.objects.filter(pk=user.pk).aupdate(email="new@example.org", first_name="New")
    await User.objects.filter(pk=user.pk).aupdate(is_active=False)
    assert await next_change(reported) == AccessChange(user_id=user.pk)
    assert reported.empty()


async def test_listen_reports_a_change_of_membership(reported: Changes) -> None:
    """Joining, leaving, and the deletion of the group."""
    user = await sync_to_async(make_user)()
    group = await sync_to_async(make_group)(user)
    assert await next_change(reported) == AccessChange(user_id=user.pk)
    await group.user_set.aremove(user)
    assert await next_change(reported) == AccessChange(user_id=user.pk)
    await group.user_set.aadd(user)
    assert await next_change(reported) == AccessChange(user_id=user.pk)
    await Group.objects.filter(pk=group.pk).adelete()
    assert await next_change(reported) == AccessChange(user_id=user.pk)


async def test_listen_reports_a_deleted_user(reported: Changes) -> None:
    """With the rights of the account."""
    user = await sync_to_async(make_user)()
    document_id = new_document_id()
    await sync_to_async(grant)(user, Role.OWNER, document_id)
    await next_change(reported)
    await User.objects.filter(pk=user.pk).adelete()
    told = {await next_change(reported), await next_change(reported)}
    assert told == {AccessChange(document_id=document_id), AccessChange(user_id=user.pk)}


async def test_listen_reports_a_session_that_ends_by_its_digest(reported: Changes) -> None:
    """Logout, a new key, or a deleted row. An expired session ends by its own time."""
    store = SessionStore()
    await sync_to_async(store.create)()
    key = str(store.session_key)
    await sync_to_async(store.cycle_key)()
    assert await next_change(reported) == AccessChange(session=session_digest(key))
    expired = await Session.objects.acreate(
        session_key="e" * 32, session_data="", expire_date=clock.now() - timedelta(seconds=1)
    )
    await expired.adelete()
    await Session.objects.filter(session_key=store.session_key).adelete()
    last = AccessChange(session=session_digest(str(store.session_key)))
    assert await next_change(reported) == last


async def test_listen_reports_a_family_of_tokens_that_ends(reported: Changes) -> None:
    """With its user; an expired one ends by its own time."""
    user = await sync_to_async(make_user)()
    other = await sync_to_async(make_user)()
    for owner, left_s in ((other, -1), (user, 60)):
        expires_at = clock.now() + timedelta(seconds=left_s)
        family = await TokenFamily.objects.acreate(user=owner, expires_at=expires_at)
        await family.adelete()
    assert await next_change(reported) == AccessChange(user_id=user.pk)


async def test_listen_reports_changes_by_sql(reported: Changes) -> None:
    """Triggers publish them, however they are made."""
    user = await sync_to_async(make_user)()

    def deactivate() -> None:
        with connection.cursor() as cursor:
            cursor.execute('UPDATE "user" SET is_active = false WHERE id = %s', [user.pk])

    await sync_to_async(deactivate)()
    assert await next_change(reported) == AccessChange(user_id=user.pk)


async def test_listen_does_not_report_a_rolled_back_change(reported: Changes) -> None:
    """A notice comes with the commit, and only then."""
    user, document_id = await sync_to_async(make_user)(), new_document_id()

    def attempt() -> None:
        with transaction.atomic():
            grant(user, Role.OWNER, new_document_id())
            transaction.set_rollback(True)
        grant(user, Role.OWNER, document_id)

    await sync_to_async(attempt)()
    assert await next_change(reported) == AccessChange(document_id=document_id)
    assert reported.empty()


async def test_access_publish_is_reported(reported: Changes) -> None:
    """The trash is not in PostgreSQL, but its changes reach all servers, too."""
    document_id = new_document_id()
    await sync_to_async(changes.access_publish)(document_id=document_id)
    assert await next_change(reported) == AccessChange(document_id=document_id)


async def test_listen_reconnects_after_its_connection_is_killed(reported: Changes) -> None:
    """Missed changes are reported as None, later ones as usual."""
    assert await sync_to_async(kill_listeners)() == 1
    assert await next_change(reported) is None
    document_id = new_document_id()
    await sync_to_async(changes.access_publish)(document_id=document_id)
    assert await next_change(reported) == AccessChange(document_id=document_id)


async def test_quiet_listener_wakes_up_for_its_heartbeats_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its timers between two of them are few, however long it is quiet: psycopg has ten a second.

    What comes after a heartbeat is reported.
    """
    monkeypatch.setattr(changes, "HEARTBEAT_S", 2.0)
    loop = asyncio.get_running_loop()
    call_at, execute = loop.call_at, psycopg.AsyncConnection.execute
    timers, counts = 0, asyncio.Queue[int]()

    def count_timer(*args: Any, **options: Any) -> asyncio.TimerHandle:
        nonlocal timers
        timers += 1
        return call_at(*args, **options)

    async def count_heartbeat(self: Any, query: str, *args: Any) -> Any:
        nonlocal timers
        if query == "SELECT 1":
            counts.put_nowait(timers)
            timers = 0
        return await execute(self, query, *args)

    monkeypatch.setattr(psycopg.AsyncConnection, "execute", count_heartbeat)
    queue: Changes = asyncio.Queue()
    task = asyncio.create_task(changes.listen(queue.put_nowait))
    assert await next_change(queue) is None
    monkeypatch.setattr(loop, "call_at", count_timer)
    await counts.get()
    assert await counts.get() < 12
    document_id = new_document_id()
    await sync_to_async(changes.access_publish)(document_id=document_id)
    assert await next_change(queue) == AccessChange(document_id=document_id)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_listen_retries_until_postgresql_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A web process may start before its database."""
    real, attempts = changes._connection_parameters, list[int]()

    def first_to_a_closed_port() -> dict[str, object]:
        attempts.append(1)
        return {**real(), "port": 1} if len(attempts) < 3 else real()

    monkeypatch.setattr(changes, "_connection_parameters", first_to_a_closed_port)
    queue: Changes = asyncio.Queue()
    task = asyncio.create_task(changes.listen(queue.put_nowait))
    assert await next_change(queue) is None
    assert len(attempts) == 3
    task.cancel()


async def test_listener_that_ends_with_its_event_loop_closes_its_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is cancelled twice then: with all tasks, and by its group."""
    connect, connections = changes._connect, list[psycopg.AsyncConnection[Any]]()
    is_readable, waits = changes._is_readable, asyncio.Event()

    async def is_readable_noted(*args: Any, **options: Any) -> bool:
        waits.set()
        return await is_readable(*args, **options)

    async def connect_recorded() -> psycopg.AsyncConnection[Any]:
        connections.append(await connect())
        return connections[-1]

    async def listen_in_a_group() -> None:
        async with asyncio.TaskGroup() as tasks:
            listeners.append(tasks.create_task(changes.listen(queue.put_nowait)))

    monkeypatch.setattr(changes, "_connect", connect_recorded)
    monkeypatch.setattr(changes, "_is_readable", is_readable_noted)
    queue, listeners = asyncio.Queue[AccessChange | None](), list[asyncio.Task[None]]()
    group = asyncio.create_task(listen_in_a_group())
    await waits.wait()
    assert (await asyncio.wait([group], timeout=0.2))[0] == set()
    for task in (*listeners, group):
        task.cancel()
    await asyncio.wait([group])
    assert [connection.closed for connection in connections] == [True]


async def test_listen_continues_after_a_handler_fails() -> None:
    """The failure is counted."""
    queue: Changes = asyncio.Queue()
    before = changes.failures._value.get()

    def handle(change: AccessChange | None) -> None:
        queue.put_nowait(change)
        if change is None:
            raise RuntimeError("a bug in the handler")

    task = asyncio.create_task(changes.listen(handle))
    assert await next_change(queue) is None
    document_id = new_document_id()
    await sync_to_async(changes.access_publish)(document_id=document_id)
    assert await next_change(queue) == AccessChange(document_id=document_id)
    assert changes.failures._value.get() == before + 1
    task.cancel()


@pytest.mark.parametrize("payload", ["", "{", "[]", "3", "null", "{}", '{"other": 1}'])
def test_change_parse_of_anything_else_is_anything(payload: str) -> None:
    """An unreadable notice is a reason to check all sessions."""
    assert changes.change_parse(payload) is None


def test_change_parse_reads_each_kind() -> None:
    """As the triggers write them."""
    parse: Callable[[str], AccessChange | None] = changes.change_parse
    assert parse('{"document_id": "d"}') == AccessChange(document_id="d")
    assert parse('{"user_id": 7}') == AccessChange(user_id=7)
    assert parse('{"session": "d"}') == AccessChange(session="d")


def kill_listeners() -> int:
    """Terminate the listening connections, as a failing network would; return how many."""
    with psycopg.connect(**changes._connection_parameters(), autocommit=True) as admin:
        rows = admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'scriptorium-access' AND datname = current_database()"
        ).fetchall()
    return len(rows)
