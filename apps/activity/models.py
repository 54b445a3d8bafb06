"""The *activity* entity (the trail), events of accounts, and the tracker's state (PostgreSQL)."""

from django.conf import settings
from django.db import models

from apps.activity.event_types import AccountEventType, EventType
from apps.core import clock
from apps.core.document_names import shown_name

EVENT_TYPE_CHOICES = [
    (event_type.value, event_type.value.replace("_", " ")) for event_type in EventType
]
ACCOUNT_EVENT_TYPE_CHOICES = [
    (event_type.value, event_type.value.replace("_", " ")) for event_type in AccountEventType
]


class Activity(models.Model):
    """One event: what one person did to one document.

    Rows are only ever added: a trigger of the database (migration 0002) refuses every change,
    except that deleting an account sets ``actor`` to null. ``username`` is the name at the time of
    the event, and stays.
    """

    document_id = models.CharField("document", max_length=36)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    username = models.CharField(max_length=150, blank=True)
    kind = models.CharField(max_length=16, choices=EVENT_TYPE_CHOICES)
    detail = models.JSONField(default=dict)
    #: The time of the event; for a writing session, of its last edit.
    at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "activity"
        ordering = ["-at", "-id"]
        verbose_name_plural = "activity"
        indexes = [models.Index(fields=["document_id", "-at", "-id"], name="activity_feed")]

    def __str__(self) -> str:
        # The administration reads the titles of the documents of a page (``core.admin_documents``).
        return f"{self.username or 'somebody'} {self.get_kind_display()} {shown_name(self)}"


class AccountEvent(models.Model):
    """One event of an account, which belongs to no document: a login, or a right of the workspace.

    Kept for ``ACCOUNT_EVENTS_DAYS``. ``username`` is the account's name at the time. A login with a
    name that no account has leaves it empty, because people type their password there.
    """

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    username = models.CharField(max_length=150, blank=True)
    kind = models.CharField(max_length=20, choices=ACCOUNT_EVENT_TYPE_CHOICES)
    #: The client's address, of IPv6 its /64 network; empty where there is no request.
    address = models.CharField(max_length=64, blank=True)
    detail = models.JSONField(default=dict)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "account_event"
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["kind", "-at"], name="account_event_kind"),
            models.Index(fields=["-at", "-id"], name="account_event_feed"),
        ]

    def __str__(self) -> str:
        return f"{self.username or 'somebody'} {self.kind}"


class Writing(models.Model):
    """The session tracker's state for a document: the last operation read, the ongoing sessions.

    Not part of the trail: it changes all the time. It is only changed under the row's lock, in one
    transaction with the rows of sessions that have ended, so all of them are consistent.
    """

    document_id = models.CharField(max_length=36, primary_key=True)
    #: The last operation that the tracker has read.
    seq = models.BigIntegerField(default=0)
    #: The ongoing sessions, as ``WritingSession.to_json`` returns them.
    sessions = models.JSONField(default=list)
    #: When the first of the ongoing sessions ends without another edit; None if there is none.
    closes_at = models.DateTimeField(null=True, db_index=True)

    class Meta:
        db_table = "activity_writing"

    def __str__(self) -> str:
        return f"{self.document_id} up to {self.seq}"
