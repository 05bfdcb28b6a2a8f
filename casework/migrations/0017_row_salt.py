from django.db import migrations, models


class Migration(migrations.Migration):
    """Beside what a row says, the salt of its digest; a row without one is from before."""

    dependencies = [("casework", "0016_erasure")]
    operations = [migrations.AddField("case", "salt", models.CharField(max_length=32, null=True, editable=False))]
