from django.db import models


class LoginFailure(models.Model):
    """A password that did not fit, counted under an account or an address for a quarter of an hour."""

    subject = models.CharField(max_length=220)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["subject", "at"], name="login_failure_subject")]
