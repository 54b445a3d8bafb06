"""Families of tokens, and notices of ended sign-ins (ADR 0003).

A deleted session (logout, ``cycle_key``) is named by the digest of its key, a deleted family by its
user. Sessions and families that have expired end by their own time, so that a cleanup of many rows
notifies nobody.
"""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

FORWARD = """
CREATE INDEX django_session_digest
    ON django_session (encode(sha256(session_key::bytea), 'hex'));

CREATE FUNCTION scriptorium_session_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM scriptorium_notify_access(
        json_build_object('session', encode(sha256(OLD.session_key::bytea), 'hex')));
    RETURN NULL;
END $$;

CREATE FUNCTION scriptorium_token_family_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM scriptorium_notify_access(json_build_object('user_id', OLD.user_id));
    RETURN NULL;
END $$;

CREATE TRIGGER scriptorium_session_deleted
    AFTER DELETE ON django_session
    FOR EACH ROW WHEN (OLD.expire_date > now())
    EXECUTE FUNCTION scriptorium_session_ended();
CREATE TRIGGER scriptorium_session_truncated
    AFTER TRUNCATE ON django_session
    FOR EACH STATEMENT EXECUTE FUNCTION scriptorium_access_truncated();
CREATE TRIGGER scriptorium_token_family_deleted
    AFTER DELETE ON token_family
    FOR EACH ROW WHEN (OLD.expires_at > now())
    EXECUTE FUNCTION scriptorium_token_family_ended();
CREATE TRIGGER scriptorium_token_family_truncated
    AFTER TRUNCATE ON token_family
    FOR EACH STATEMENT EXECUTE FUNCTION scriptorium_access_truncated();
"""

BACKWARD = """
DROP TRIGGER scriptorium_session_deleted ON django_session;
DROP TRIGGER scriptorium_session_truncated ON django_session;
DROP TRIGGER scriptorium_token_family_deleted ON token_family;
DROP TRIGGER scriptorium_token_family_truncated ON token_family;
DROP FUNCTION scriptorium_session_ended();
DROP FUNCTION scriptorium_token_family_ended();
DROP INDEX django_session_digest;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_access_notify"),
        ("sessions", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="TokenFamily",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("expires_at", models.DateTimeField()),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="token_families",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"db_table": "token_family"},
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
