"""The *activity* entity, the trail, and how far it has come in each document's log (PostgreSQL)."""

from django.conf import settings
from django.db import models

from apps.activity.event_types import EventType
from apps.core import clock

KIND_CHOICES = [(kind.value, kind.value.replace("_", " ")) for kind in EventType]


class Activity(models.Model):
    """One deed of one person on one document.

    Rows are only ever added: a trigger of the database (migration 0002) refuses every change but
    that of ``actor`` to nobody, which is what remains of a deleted account. ``username`` is the
    name at the time of the deed, and stays.
    """

    document_id = models.CharField("document", max_length=36)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    username = models.CharField(max_length=150, blank=True)
    kind = models.CharField(max_length=16, choices=KIND_CHOICES)
    detail = models.JSONField(default=dict)
    #: When it was done; of a session of writing, its last edit.
    at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "activity"
        ordering = ["-at", "-id"]
        verbose_name_plural = "activity"
        indexes = [models.Index(fields=["document_id", "-at", "-id"], name="activity_feed")]

    def __str__(self) -> str:
        return f"{self.username or 'somebody'} {self.kind} {self.document_id}"


class Writing(models.Model):
    """How far the trail has come in a document's log, and the sessions of writing that go on.

    Not part of the trail: it changes all the time. Whoever moves it holds its row's lock, so
    ``seq``, ``sessions`` and the rows of sessions that are over are always of one moment.
    """

    document_id = models.CharField(max_length=36, primary_key=True)
    #: The last operation that the trail has taken in.
    seq = models.BigIntegerField(default=0)
    #: As ``sessions.Session.to_json`` makes them.
    sessions = models.JSONField(default=list)
    #: When the first of the sessions is over unless its author writes on; None without any.
    closes_at = models.DateTimeField(null=True, db_index=True)

    class Meta:
        db_table = "activity_writing"

    def __str__(self) -> str:
        return f"{self.document_id} up to {self.seq}"
