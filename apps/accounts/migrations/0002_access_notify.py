"""Notify every server of each change of rights, also of changes by SQL (ADR 0003).

PostgreSQL itself sends the notice at commit, so it covers REST, the admin, a shell and plain SQL.
Payload: ``{"document_id": text}``, ``{"user_id": number}``, or ``{}`` for anything.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION scriptorium_notify_access(payload json) RETURNS void LANGUAGE sql AS $$
    SELECT pg_notify('scriptorium_access', payload::text);
$$;

CREATE FUNCTION scriptorium_user_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM scriptorium_notify_access(json_build_object('user_id', OLD.id));
    RETURN NULL;
END $$;

CREATE FUNCTION scriptorium_permission_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    permission record;
BEGIN
    FOR permission IN
        SELECT OLD.document_id, OLD.user_id WHERE TG_OP <> 'INSERT'
        UNION
        SELECT NEW.document_id, NEW.user_id WHERE TG_OP <> 'DELETE'
    LOOP
        IF permission.document_id <> '' THEN
            PERFORM scriptorium_notify_access(
                json_build_object('document_id', permission.document_id));
        ELSIF permission.user_id IS NOT NULL THEN
            PERFORM scriptorium_notify_access(json_build_object('user_id', permission.user_id));
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

CREATE FUNCTION scriptorium_membership_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM scriptorium_notify_access(json_build_object('user_id', OLD.user_id));
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM scriptorium_notify_access(json_build_object('user_id', NEW.user_id));
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION scriptorium_access_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM scriptorium_notify_access('{}'::json);
    RETURN NULL;
END $$;

CREATE TRIGGER scriptorium_user_updated
    AFTER UPDATE OF is_active, is_superuser, username, password ON "user"
    FOR EACH ROW
    WHEN ((OLD.is_active, OLD.is_superuser, OLD.username, OLD.password)
          IS DISTINCT FROM (NEW.is_active, NEW.is_superuser, NEW.username, NEW.password))
    EXECUTE FUNCTION scriptorium_user_changed();
CREATE TRIGGER scriptorium_user_deleted
    AFTER DELETE ON "user"
    FOR EACH ROW EXECUTE FUNCTION scriptorium_user_changed();
CREATE TRIGGER scriptorium_permission_changed
    AFTER INSERT OR UPDATE OR DELETE ON permission
    FOR EACH ROW EXECUTE FUNCTION scriptorium_permission_changed();
CREATE TRIGGER scriptorium_membership_changed
    AFTER INSERT OR UPDATE OR DELETE ON user_groups
    FOR EACH ROW EXECUTE FUNCTION scriptorium_membership_changed();
CREATE TRIGGER scriptorium_user_truncated
    AFTER TRUNCATE ON "user"
    FOR EACH STATEMENT EXECUTE FUNCTION scriptorium_access_truncated();
CREATE TRIGGER scriptorium_permission_truncated
    AFTER TRUNCATE ON permission
    FOR EACH STATEMENT EXECUTE FUNCTION scriptorium_access_truncated();
CREATE TRIGGER scriptorium_membership_truncated
    AFTER TRUNCATE ON user_groups
    FOR EACH STATEMENT EXECUTE FUNCTION scriptorium_access_truncated();
"""

BACKWARD = """
DROP TRIGGER scriptorium_user_updated ON "user";
DROP TRIGGER scriptorium_user_deleted ON "user";
DROP TRIGGER scriptorium_user_truncated ON "user";
DROP TRIGGER scriptorium_permission_changed ON permission;
DROP TRIGGER scriptorium_permission_truncated ON permission;
DROP TRIGGER scriptorium_membership_changed ON user_groups;
DROP TRIGGER scriptorium_membership_truncated ON user_groups;
DROP FUNCTION scriptorium_user_changed();
DROP FUNCTION scriptorium_permission_changed();
DROP FUNCTION scriptorium_membership_changed();
DROP FUNCTION scriptorium_access_truncated();
DROP FUNCTION scriptorium_notify_access(json);
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
