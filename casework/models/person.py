from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from casework.models.unit import Unit


class Person(models.Model):
    """A human being, known by the staff number. Whoever acts, is barred or is a party is a person, never an account."""

    no = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="staff")
    superior = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    email = models.EmailField(blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("persons")
        constraints = [models.UniqueConstraint(fields=["no"], name="person_no")]

    def __str__(self) -> str:
        return f"{self.name} ({self.no})"


class Account(AbstractUser):
    """A login. A person may have several; a machine's account has no person and decides nothing."""

    person = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="accounts")
    is_machine = models.BooleanField(default=False)
    language = models.CharField(max_length=10, blank=True)

    class Meta(AbstractUser.Meta):
        verbose_name = _("account")
        verbose_name_plural = _("accounts")


class Token(models.Model):
    """A bearer token, stored as its SHA-256; the clear text was shown once."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="tokens")
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["digest"], name="token_digest")]


class SigningKey(models.Model):
    """A person's key pair, its private half encrypted by one credential (ADR 0006): a password, a token, or the
    demo's secret. Presenting the credential again is what unlocks the key."""

    class Credential(models.TextChoices):
        PASSWORD = "password", _("password")
        TOKEN = "token", _("token")
        DEMO = "demo", _("demo")

    person = models.ForeignKey(Person, models.PROTECT, related_name="signing_keys")
    account = models.ForeignKey(Account, models.PROTECT, related_name="signing_keys", null=True)
    credential = models.CharField(max_length=10, choices=Credential)
    token = models.ForeignKey(Token, models.PROTECT, null=True, blank=True, related_name="signing_keys")
    serial = models.CharField(max_length=64)
    certificate = models.TextField()
    private_key = models.TextField()
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["serial"], name="signing_key_serial")]
        indexes = [models.Index(fields=["person", "credential"], name="signing_key_person")]
