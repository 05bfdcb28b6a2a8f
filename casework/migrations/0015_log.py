"""The log: every event gets a place in one Merkle tree. The database itself puts what is written in line for it."""

import django.db.models.deletion
from django.db import migrations, models

FROZEN = ("casework_logleaf", "casework_checkpoint", "casework_cosignature")
UNDELETED = ("casework_tile",)

POSTGRESQL = """
CREATE FUNCTION casework_event_queued() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO casework_unsequenced (event_id, xid) VALUES (NEW.id, pg_current_xact_id()::text::bigint); RETURN NULL;
END $$;
CREATE TRIGGER casework_event_queued AFTER INSERT ON casework_caseevent
  FOR EACH ROW EXECUTE FUNCTION casework_event_queued();

CREATE FUNCTION casework_sequenced_first() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM casework_logleaf WHERE event_id = OLD.event_id) THEN
    RAISE EXCEPTION 'Expected event % to have its place in the log first', OLD.event_id;
  END IF;
  RETURN OLD;
END $$;
CREATE TRIGGER casework_sequenced_first BEFORE DELETE ON casework_unsequenced
  FOR EACH ROW EXECUTE FUNCTION casework_sequenced_first();
CREATE TRIGGER casework_unsequenced_whole BEFORE TRUNCATE ON casework_unsequenced
  FOR EACH STATEMENT EXECUTE FUNCTION casework_refuse();

CREATE FUNCTION casework_tile_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id <> OLD.id OR NEW.level <> OLD.level OR NEW.number <> OLD.number OR length(NEW.hashes) > 8192
     OR substring(NEW.hashes FROM 1 FOR length(OLD.hashes)) <> OLD.hashes THEN
    RAISE EXCEPTION 'Expected rows of casework_tile to stay as they are, save what is added behind';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER casework_tile_grows BEFORE UPDATE ON casework_tile FOR EACH ROW EXECUTE FUNCTION casework_tile_grows();
"""

SQLITE = """
CREATE TRIGGER casework_event_queued AFTER INSERT ON casework_caseevent
BEGIN INSERT INTO casework_unsequenced (event_id, xid) VALUES (NEW.id, 0); END;

CREATE TRIGGER casework_sequenced_first BEFORE DELETE ON casework_unsequenced
WHEN NOT EXISTS (SELECT 1 FROM casework_logleaf WHERE event_id = OLD.event_id)
BEGIN SELECT RAISE(ABORT, 'Expected the event to have its place in the log first'); END;

CREATE TRIGGER casework_tile_grows BEFORE UPDATE ON casework_tile
WHEN NEW.id <> OLD.id OR NEW.level <> OLD.level OR NEW.number <> OLD.number OR length(NEW.hashes) > 8192
  OR substr(NEW.hashes, 1, length(OLD.hashes)) <> OLD.hashes
BEGIN SELECT RAISE(ABORT, 'Expected rows of casework_tile to stay as they are, save what is added behind'); END;

CREATE TRIGGER casework_tile_once BEFORE INSERT ON casework_tile
WHEN EXISTS (SELECT 1 FROM casework_tile WHERE id = NEW.id OR (level = NEW.level AND number = NEW.number))
BEGIN SELECT RAISE(ABORT, 'UNIQUE: this tile exists'); END;

CREATE TRIGGER casework_logleaf_once BEFORE INSERT ON casework_logleaf
WHEN EXISTS (SELECT 1 FROM casework_logleaf WHERE "index" = NEW."index" OR event_id = NEW.event_id)
BEGIN SELECT RAISE(ABORT, 'UNIQUE: this place of the log is taken'); END;

CREATE TRIGGER casework_checkpoint_once BEFORE INSERT ON casework_checkpoint
WHEN EXISTS (SELECT 1 FROM casework_checkpoint WHERE size = NEW.size)
BEGIN SELECT RAISE(ABORT, 'UNIQUE: this checkpoint exists'); END;

CREATE TRIGGER casework_cosignature_once BEFORE INSERT ON casework_cosignature
WHEN EXISTS (SELECT 1 FROM casework_cosignature
             WHERE id = NEW.id OR (witness = NEW.witness AND checkpoint_id = NEW.checkpoint_id))
BEGIN SELECT RAISE(ABORT, 'UNIQUE: this cosignature exists'); END;
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
        return
    for statement in SQLITE.split(";\n\n"):
        cursor.execute(statement.strip().rstrip(";") + ";")
    for table in FROZEN + UNDELETED:
        for what in ("UPDATE", "DELETE") if table in FROZEN else ("DELETE",):
            cursor.execute(
                f"CREATE TRIGGER {table}_{what.lower()} BEFORE {what} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'Expected rows of {table} to stay as they are'); END;"
            )


def queue_what_stands(apps, schema_editor):
    schema_editor.connection.cursor().execute(
        "INSERT INTO casework_unsequenced (event_id, xid) SELECT id, 0 FROM casework_caseevent"
    )


class Migration(migrations.Migration):
    dependencies = [
        ("casework", "0014_urgency"),
    ]

    operations = [
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("size", models.BigIntegerField(primary_key=True, serialize=False)),
                ("root", models.CharField(max_length=64)),
                ("note", models.TextField()),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Witness",
            fields=[
                ("name", models.CharField(max_length=200, primary_key=True, serialize=False)),
                ("size", models.BigIntegerField(default=0)),
                ("busy_until", models.DateTimeField(null=True)),
                (
                    "problem",
                    models.CharField(
                        blank=True,
                        choices=[
                            (
                                "ahead",
                                "it has seen more entries than the log has now: entries are gone, or a backup was restored",
                            ),
                            (
                                "refused",
                                "what it has seen is not the beginning of the log: entries were changed",
                            ),
                            ("away", "it does not answer"),
                            ("strange", "its answer is none that a witness gives"),
                        ],
                        max_length=10,
                    ),
                ),
                ("detail", models.TextField(blank=True)),
                ("since", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="LogLeaf",
            fields=[
                ("index", models.BigIntegerField(primary_key=True, serialize=False)),
                (
                    "event",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="leaf",
                        to="casework.caseevent",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Tile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("level", models.PositiveSmallIntegerField()),
                ("number", models.BigIntegerField()),
                ("hashes", models.BinaryField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("level", "number"), name="tile_place")],
            },
        ),
        migrations.CreateModel(
            name="Unsequenced",
            fields=[
                ("event_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("xid", models.BigIntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["xid", "event_id"], name="unsequenced_order")],
            },
        ),
        migrations.CreateModel(
            name="Cosignature",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("witness", models.CharField(max_length=200)),
                ("line", models.TextField()),
                ("at", models.DateTimeField()),
                (
                    "checkpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cosignatures",
                        to="casework.checkpoint",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("witness", "checkpoint"), name="cosignature_once")],
            },
        ),
        migrations.RunPython(queue_what_stands, migrations.RunPython.noop),
        migrations.RunPython(add_triggers, migrations.RunPython.noop),
    ]
