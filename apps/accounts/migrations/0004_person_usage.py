"""What each person has stored; a changed share is notified as a change of rights (ADR 0003)."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

FORWARD = """
CREATE TRIGGER scriptorium_person_usage_inserted
    AFTER INSERT ON person_usage
    FOR EACH ROW WHEN (NEW.stored_bytes_max IS NOT NULL)
    EXECUTE FUNCTION scriptorium_share_changed();
CREATE TRIGGER scriptorium_person_usage_updated
    AFTER UPDATE OF stored_bytes_max ON person_usage
    FOR EACH ROW
    WHEN (OLD.stored_bytes_max IS DISTINCT FROM NEW.stored_bytes_max)
    EXECUTE FUNCTION scriptorium_share_changed();
"""

FUNCTION = """
CREATE FUNCTION scriptorium_share_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM scriptorium_notify_access(json_build_object('user_id', NEW.user_id));
    RETURN NULL;
END $$;
"""

BACKWARD = """
DROP TRIGGER scriptorium_person_usage_inserted ON person_usage;
DROP TRIGGER scriptorium_person_usage_updated ON person_usage;
DROP FUNCTION scriptorium_share_changed();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_sign_ins")]

    operations = [
        migrations.CreateModel(
            name="PersonUsage",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="usage",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "stored_bytes",
                    models.BigIntegerField(db_default=0, default=0, editable=False),
                ),
                (
                    "stored_bytes_max",
                    models.BigIntegerField(
                        blank=True,
                        help_text="Bytes that this person may store; empty for the default.",
                        null=True,
                    ),
                ),
                (
                    "documents_max",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Documents that this person may create; empty for the default.",
                        null=True,
                    ),
                ),
                (
                    "named_versions_max",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Versions that this person may name; empty for the default.",
                        null=True,
                    ),
                ),
            ],
            options={"db_table": "person_usage", "verbose_name_plural": "usage"},
        ),
        migrations.RunSQL(FUNCTION + FORWARD, BACKWARD),
    ]
