"""Stamped editions of documents: rows that are added and never changed."""

import django.db.models.deletion
from django.db import migrations, models

TABLE = "casework_stampededition"
SQLITE = """
CREATE TRIGGER casework_stampededition_once BEFORE INSERT ON casework_stampededition
WHEN EXISTS (SELECT 1 FROM casework_stampededition WHERE document_id = NEW.document_id OR event_id = NEW.event_id)
BEGIN SELECT RAISE(ABORT, 'UNIQUE: this document has its stamped edition'); END;
"""


def add_triggers(apps, schema_editor):
    cursor = schema_editor.connection.cursor()
    if schema_editor.connection.vendor == "postgresql":
        for name, what, each in (("kept", "UPDATE OR DELETE", "ROW"), ("whole", "TRUNCATE", "STATEMENT")):
            cursor.execute(
                f"CREATE TRIGGER {TABLE}_{name} BEFORE {what} ON {TABLE} FOR EACH {each} EXECUTE FUNCTION casework_refuse()"
            )
        return
    cursor.execute(SQLITE)
    for what in ("UPDATE", "DELETE"):
        cursor.execute(
            f"CREATE TRIGGER {TABLE}_{what.lower()} BEFORE {what} ON {TABLE} "
            f"BEGIN SELECT RAISE(ABORT, 'Expected rows of {TABLE} to stay as they are'); END;"
        )


class Migration(migrations.Migration):
    dependencies = [
        ("casework", "0017_row_salt"),
    ]

    operations = [
        migrations.CreateModel(
            name="StampedEdition",
            fields=[
                (
                    "document",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="edition",
                        serialize=False,
                        to="casework.document",
                    ),
                ),
                ("file_sha256", models.CharField(max_length=64)),
                ("at", models.DateTimeField()),
                ("level", models.CharField(max_length=10)),
                (
                    "event",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="edition",
                        to="casework.caseevent",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["file_sha256"], name="edition_file")],
            },
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(condition=models.Q(("kind", "stamp")), fields=["created_at"], name="delivery_stamp"),
        ),
        migrations.RunPython(add_triggers, migrations.RunPython.noop),
    ]
