from django.db import models


class PolicyVersion(models.Model):
    """The content of policies/default as it was when first used, under its SHA-256. Never changed."""

    digest = models.CharField(max_length=64, primary_key=True)
    content = models.JSONField()
    registered_at = models.DateTimeField()
