import django.db.models.deletion
from django.db import migrations, models

# What another index of the same table answers too. Said as SQL, since SQLite would make the tables anew, without the
# triggers that guard them.
COVERED = {
    "casework_case_unit_id_4ccc6d40": "casework_case (unit_id)",
    "casework_clock_case_id_386c3d09": "casework_clock (case_id)",
    "casework_clockwarning_clock_id_c886d50e": "casework_clockwarning (clock_id)",
}


class Migration(migrations.Migration):
    dependencies = [("casework", "0004_seats_and_reads")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(f"DROP INDEX {name}", f"CREATE INDEX {name} ON {columns}")
                for name, columns in COVERED.items()
            ],
            state_operations=[
                migrations.AlterField(
                    model_name="case",
                    name="unit",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="casework.unit",
                    ),
                ),
                migrations.AlterField(
                    model_name="clock",
                    name="case",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="running_clocks",
                        to="casework.case",
                    ),
                ),
                migrations.AlterField(
                    model_name="clockwarning",
                    name="clock",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="warnings",
                        to="casework.clock",
                    ),
                ),
            ],
        ),
    ]
