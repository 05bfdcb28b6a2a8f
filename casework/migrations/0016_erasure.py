"""Whom the installation has forgotten, and that the words of a document may go; nothing else of it may."""

from django.db import migrations, models

KEPT = (
    "id", "case_id", "kind", "state", "snapshot_sha256", "file_sha256", "draft_sha256", "fields", "supersedes_id",
    "drafted_at", "issued_at",
)  # fmt: skip
REFUSED = """
  (OLD.state = 'issued' AND ({changed}))
  OR (NEW.snapshot <> OLD.snapshot AND NEW.snapshot <> '') OR NEW.snapshot_sha256 <> OLD.snapshot_sha256
  OR NEW.case_id <> OLD.case_id OR NEW.id <> OLD.id
"""

POSTGRESQL = """
CREATE OR REPLACE FUNCTION casework_document_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF {refused} THEN
    RAISE EXCEPTION 'Expected document % to stay as it is, but a change was tried', OLD.id;
  END IF;
  RETURN NEW;
END $$;
"""

SQLITE = (
    "DROP TRIGGER casework_document_stays",
    """
CREATE TRIGGER casework_document_stays BEFORE UPDATE ON casework_document
WHEN {refused}
BEGIN SELECT RAISE(ABORT, 'Expected the document to stay as it is'); END;
""",
)


def let_words_go(apps, schema_editor):
    cursor, on_postgresql = schema_editor.connection.cursor(), schema_editor.connection.vendor == "postgresql"
    differs = "NEW.{0}::text IS DISTINCT FROM OLD.{0}::text" if on_postgresql else "NEW.{0} IS NOT OLD.{0}"
    refused = REFUSED.replace("{changed}", " OR ".join(differs.format(name) for name in KEPT))
    for statement in (POSTGRESQL,) if on_postgresql else SQLITE:
        cursor.execute(statement.replace("{refused}", refused))


class Migration(migrations.Migration):
    dependencies = [("casework", "0015_log")]
    operations = [
        migrations.AddField(model_name="person", name="erased_at", field=models.DateTimeField(blank=True, null=True)),
        migrations.RunPython(let_words_go, migrations.RunPython.noop),
    ]
