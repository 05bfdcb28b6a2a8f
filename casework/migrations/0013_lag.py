from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("casework", "0012_extensions"),
    ]

    operations = [
        migrations.CreateModel(
            name="Lag",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=10)),
                ("upto", models.PositiveIntegerField()),
                ("times", models.BigIntegerField()),
                ("seconds", models.FloatField()),
            ],
        ),
        migrations.AlterModelOptions(
            name="clock",
            options={"verbose_name": "clock"},
        ),
        migrations.AlterModelOptions(
            name="delivery",
            options={"verbose_name": "delivery"},
        ),
        migrations.AddIndex(
            model_name="clock",
            index=models.Index(
                condition=models.Q(("attempts__gt", 0), ("state", "running")), fields=["due_at"], name="clock_failing"
            ),
        ),
        migrations.AddIndex(
            model_name="clock",
            index=models.Index(
                condition=models.Q(("provisional", True), ("state", "running")),
                fields=["due_at"],
                name="clock_provisional",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("attempts__gte", 3)), fields=["created_at"], name="delivery_failing"
            ),
        ),
        migrations.AddConstraint(
            model_name="lag",
            constraint=models.UniqueConstraint(fields=("kind", "upto"), name="lag_kind_upto"),
        ),
    ]
