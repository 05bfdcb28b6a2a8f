from django.db import migrations, models

# last_login, which every login sets, raises nothing.
COLUMNS = "is_active, is_machine, person_id"


def stamp_accounts(apps, schema_editor):
    """Whether somebody can log in is held in memory too, under the stamp."""
    cursor = schema_editor.connection.cursor()
    for name, what in (("insert", "INSERT"), ("update", f"UPDATE OF {COLUMNS}"), ("delete", "DELETE")):
        does = (
            "FOR EACH STATEMENT EXECUTE FUNCTION casework_raise_stamp()"
            if schema_editor.connection.vendor == "postgresql"
            else "BEGIN UPDATE casework_stamp SET version = version + 1; END"
        )
        cursor.execute(f"CREATE TRIGGER casework_account_stamp_{name} AFTER {what} ON casework_account {does};")


class Migration(migrations.Migration):
    dependencies = [
        ("casework", "0010_calendar_horizon"),
    ]

    operations = [
        migrations.AddField(model_name="leave", name="cancelled_at", field=models.DateTimeField(blank=True, null=True)),
        migrations.RunPython(stamp_accounts),
    ]
