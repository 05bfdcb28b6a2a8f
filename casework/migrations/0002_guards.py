"""What the database itself refuses, on both engines: changes of the ledger, of policies, of issued documents and of
what this database is; and the stamp that it raises when people or days change."""

from django.db import migrations

STAMPED = ("casework_unit", "casework_person", "casework_grant", "casework_leave", "casework_calendarday")
FROZEN = ("casework_caseevent", "casework_policyversion", "casework_installation")
UNDELETED = ("casework_case", "casework_family", "casework_party", "casework_clockentry", "casework_document")

POSTGRESQL = """
CREATE FUNCTION casework_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'Expected rows of % to stay as they are, but % was tried', TG_TABLE_NAME, TG_OP; END $$;

CREATE FUNCTION casework_event_follows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE last RECORD;
BEGIN
  SELECT seq, digest INTO last FROM casework_caseevent WHERE stream = NEW.stream ORDER BY seq DESC LIMIT 1;
  IF NEW.seq <> COALESCE(last.seq, 0) + 1 OR NEW.previous <> COALESCE(last.digest, repeat('0', 64)) THEN
    RAISE EXCEPTION 'Expected entry % of % to follow the last one, but % was tried',
      COALESCE(last.seq, 0) + 1, NEW.stream, NEW.seq;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER casework_event_follows BEFORE INSERT ON casework_caseevent
  FOR EACH ROW EXECUTE FUNCTION casework_event_follows();

CREATE FUNCTION casework_raise_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN UPDATE casework_stamp SET version = version + 1; RETURN NULL; END $$;

CREATE FUNCTION casework_only_before_people() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM casework_person) THEN
    RAISE EXCEPTION 'Expected an empty database to be marked, but it has people';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER casework_only_before_people BEFORE INSERT ON casework_installation
  FOR EACH ROW EXECUTE FUNCTION casework_only_before_people();

CREATE FUNCTION casework_document_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state = 'issued' OR NEW.snapshot <> OLD.snapshot OR NEW.snapshot_sha256 <> OLD.snapshot_sha256
     OR NEW.case_id <> OLD.case_id OR NEW.id <> OLD.id THEN
    RAISE EXCEPTION 'Expected document % to stay as it is, but a change was tried', OLD.id;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER casework_document_stays BEFORE UPDATE ON casework_document
  FOR EACH ROW EXECUTE FUNCTION casework_document_stays();
"""

SQLITE = """
CREATE TRIGGER casework_event_follows BEFORE INSERT ON casework_caseevent
WHEN NEW.seq <> COALESCE((SELECT MAX(seq) FROM casework_caseevent WHERE stream = NEW.stream), 0) + 1
  OR NEW.previous <> COALESCE((SELECT digest FROM casework_caseevent WHERE stream = NEW.stream ORDER BY seq DESC LIMIT 1),
                              '0000000000000000000000000000000000000000000000000000000000000000')
  OR EXISTS (SELECT 1 FROM casework_caseevent WHERE id = NEW.id)
  OR (NEW.key IS NOT NULL AND EXISTS (SELECT 1 FROM casework_caseevent WHERE key = NEW.key))
BEGIN SELECT RAISE(ABORT, 'UNIQUE: expected the entry to follow the last one of its stream'); END;

CREATE TRIGGER casework_only_before_people BEFORE INSERT ON casework_installation
WHEN EXISTS (SELECT 1 FROM casework_person) OR EXISTS (SELECT 1 FROM casework_installation)
BEGIN SELECT RAISE(ABORT, 'Expected an empty database to be marked, but it is not'); END;

CREATE TRIGGER casework_policy_once BEFORE INSERT ON casework_policyversion
WHEN EXISTS (SELECT 1 FROM casework_policyversion WHERE digest = NEW.digest)
BEGIN SELECT RAISE(ABORT, 'UNIQUE: this policy version is registered'); END;

CREATE TRIGGER casework_document_once BEFORE INSERT ON casework_document
WHEN EXISTS (SELECT 1 FROM casework_document WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'UNIQUE: this document exists'); END;

CREATE TRIGGER casework_document_stays BEFORE UPDATE ON casework_document
WHEN OLD.state = 'issued' OR NEW.snapshot <> OLD.snapshot OR NEW.snapshot_sha256 <> OLD.snapshot_sha256
  OR NEW.case_id <> OLD.case_id OR NEW.id <> OLD.id
BEGIN SELECT RAISE(ABORT, 'Expected the document to stay as it is'); END;
"""


def add_triggers(apps, schema_editor):
    cursor = schema_editor.connection.cursor()
    if schema_editor.connection.vendor == "postgresql":
        cursor.execute(POSTGRESQL)
        for table in FROZEN + UNDELETED:
            whole = "UPDATE OR DELETE" if table in FROZEN else "DELETE"
            cursor.execute(
                f"CREATE TRIGGER {table}_kept BEFORE {whole} ON {table} FOR EACH ROW EXECUTE FUNCTION casework_refuse()"
            )
            cursor.execute(
                f"CREATE TRIGGER {table}_whole BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION casework_refuse()"
            )
        for table in STAMPED:
            cursor.execute(
                f"CREATE TRIGGER {table}_stamp AFTER INSERT OR UPDATE OR DELETE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION casework_raise_stamp()"
            )
        return
    for statement in SQLITE.split(";\n\n"):
        cursor.execute(statement.strip().rstrip(";") + ";")
    for table in FROZEN + UNDELETED:
        for what in ("UPDATE", "DELETE") if table in FROZEN else ("DELETE",):
            cursor.execute(
                f"CREATE TRIGGER {table}_{what.lower()} BEFORE {what} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'Expected rows of {table} to stay as they are'); END;"
            )
    for table in STAMPED:
        for what in ("INSERT", "UPDATE", "DELETE"):
            cursor.execute(
                f"CREATE TRIGGER {table}_stamp_{what.lower()} AFTER {what} ON {table} "
                "BEGIN UPDATE casework_stamp SET version = version + 1; END;"
            )


def seed(apps, schema_editor):
    """The stamp, and the days of the State Council's notices."""
    from django.conf import settings

    from casework.domain.calendar_files import parse_days

    apps.get_model("casework", "Stamp").objects.create(id=1, version=1)
    CalendarDay = apps.get_model("casework", "CalendarDay")
    text = (settings.CALENDAR_FOLDER / "cn-days.csv").read_text(encoding="utf-8")
    CalendarDay.objects.bulk_create(
        [
            CalendarDay(calendar="office", date=day, working=working, holiday=holiday, source="cn-days.csv")
            for day, (working, holiday) in parse_days(text).items()
        ]
    )


class Migration(migrations.Migration):
    dependencies = [("casework", "0001_initial")]
    operations = [
        migrations.RunPython(seed, migrations.RunPython.noop),
        migrations.RunPython(add_triggers, migrations.RunPython.noop),
    ]
