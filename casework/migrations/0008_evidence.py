"""Files that parties give to a case. What a case has taken stays as it was received; only the giver's words may go."""

import django.db.models.deletion
from django.db import migrations, models

KEPT = ("id", "case_id", "person_id", "relation", "sha256", "kind", "size", "received_at", "added_at")

POSTGRESQL = """
CREATE FUNCTION casework_evidence_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.added_at IS NULL THEN
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
  END IF;
  IF TG_OP = 'DELETE' OR ({changed}) THEN
    RAISE EXCEPTION 'Expected evidence % to stay as it is, but % was tried', OLD.id, TG_OP;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER casework_evidence_stays BEFORE UPDATE OR DELETE ON casework_evidence
  FOR EACH ROW EXECUTE FUNCTION casework_evidence_stays();
CREATE TRIGGER casework_evidence_whole BEFORE TRUNCATE ON casework_evidence
  FOR EACH STATEMENT EXECUTE FUNCTION casework_refuse();
"""

SQLITE = (
    """
CREATE TRIGGER casework_evidence_stays BEFORE UPDATE ON casework_evidence
WHEN OLD.added_at IS NOT NULL AND ({changed})
BEGIN SELECT RAISE(ABORT, 'Expected the evidence to stay as it is'); END;
""",
    """
CREATE TRIGGER casework_evidence_delete BEFORE DELETE ON casework_evidence WHEN OLD.added_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'Expected the evidence to stay as it is'); END;
""",
    """
CREATE TRIGGER casework_evidence_once BEFORE INSERT ON casework_evidence
WHEN EXISTS (SELECT 1 FROM casework_evidence WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'UNIQUE: this evidence exists'); END;
""",
)


def add_triggers(apps, schema_editor):
    cursor, on_postgresql = schema_editor.connection.cursor(), schema_editor.connection.vendor == "postgresql"
    differs = "NEW.{0} IS DISTINCT FROM OLD.{0}" if on_postgresql else "NEW.{0} IS NOT OLD.{0}"
    changed = " OR ".join(differs.format(name) for name in KEPT)
    for statement in (POSTGRESQL,) if on_postgresql else SQLITE:
        cursor.execute(statement.replace("{changed}", changed))


class Migration(migrations.Migration):
    dependencies = [
        ("casework", "0007_search_tokens"),
    ]

    operations = [
        migrations.CreateModel(
            name="Evidence",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("relation", models.CharField(blank=True, max_length=40)),
                ("sha256", models.CharField(max_length=64)),
                ("kind", models.CharField(max_length=10)),
                ("size", models.PositiveIntegerField()),
                ("name", models.CharField(max_length=120)),
                ("shows", models.TextField(blank=True)),
                ("seconds", models.JSONField(default=list)),
                ("received_at", models.DateTimeField()),
                ("added_at", models.DateTimeField(null=True)),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="evidence", to="casework.case"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="casework.person",
                    ),
                ),
            ],
            options={
                "verbose_name": "evidence",
                "indexes": [
                    models.Index(
                        condition=models.Q(("added_at__isnull", True)), fields=["received_at"], name="evidence_waiting"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("added_at__isnull", False)), fields=("case", "sha256"), name="evidence_once"
                    )
                ],
            },
        ),
        migrations.RunPython(add_triggers, migrations.RunPython.noop),
    ]
