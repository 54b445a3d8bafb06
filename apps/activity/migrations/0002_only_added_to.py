"""A trigger of PostgreSQL refuses every change and deletion of the trail's rows.

One change is allowed: ``actor`` becomes null when the account is deleted; the name stays in the
row. ``TRUNCATE`` is not refused: an account that may use it may empty the whole database.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION scriptorium_activity_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        OLD.actor_id := NULL;
        IF NEW IS NOT DISTINCT FROM OLD THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'The trail of activity is only ever added to.'
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER scriptorium_activity_kept
    BEFORE UPDATE OR DELETE ON activity
    FOR EACH ROW EXECUTE FUNCTION scriptorium_activity_kept();
"""

BACKWARD = """
DROP TRIGGER scriptorium_activity_kept ON activity;
DROP FUNCTION scriptorium_activity_kept();
"""


class Migration(migrations.Migration):
    dependencies = [("activity", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
