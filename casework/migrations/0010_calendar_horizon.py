"""How far the notices reach is a row, not a line of a file; what a clock was postponed to is a value of its own."""

from django.db import migrations, models

TABLE = "casework_calendarhorizon"


def seed(apps, schema_editor):
    """As the files say, where no notice was imported yet."""
    from casework.domain.hours import calendar_specs

    CalendarHorizon = apps.get_model("casework", "CalendarHorizon")
    for name, spec in calendar_specs().items():
        if spec.days_file and spec.published_through:
            CalendarHorizon.objects.create(calendar=name, published_through=spec.published_through)


def remember_postponements(apps, schema_editor):
    """Clocks that count keep what was promised, which so far stood in their entries alone."""
    Clock, ClockEntry = apps.get_model("casework", "Clock"), apps.get_model("casework", "ClockEntry")
    counting = ClockEntry.objects.filter(kind="extend", clock__state__in=("running", "paused")).order_by("id")
    for clock, due_at in counting.values_list("clock_id", "due_at"):
        Clock.objects.filter(pk=clock).update(postponed_to=due_at)


def raise_stamp(apps, schema_editor):
    """Whoever holds a compiled calendar in memory reads it again."""
    cursor = schema_editor.connection.cursor()
    if schema_editor.connection.vendor == "postgresql":
        cursor.execute(
            f"CREATE TRIGGER {TABLE}_stamp AFTER INSERT OR UPDATE OR DELETE ON {TABLE} "
            "FOR EACH STATEMENT EXECUTE FUNCTION casework_raise_stamp()"
        )
        return
    for what in ("INSERT", "UPDATE", "DELETE"):
        cursor.execute(
            f"CREATE TRIGGER {TABLE}_stamp_{what.lower()} AFTER {what} ON {TABLE} "
            "BEGIN UPDATE casework_stamp SET version = version + 1; END;"
        )


class Migration(migrations.Migration):
    dependencies = [("casework", "0009_words")]
    operations = [
        migrations.CreateModel(
            name="CalendarHorizon",
            fields=[
                ("calendar", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("published_through", models.DateField()),
            ],
        ),
        migrations.AddField("clock", "postponed_to", models.DateTimeField(null=True)),
        migrations.RunPython(seed, migrations.RunPython.noop),
        migrations.RunPython(remember_postponements, migrations.RunPython.noop),
        migrations.RunPython(raise_stamp, migrations.RunPython.noop),
    ]
