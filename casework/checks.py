"""System checks: what must hold before anything runs."""

from importlib import metadata
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.core.checks import Error, register


@register()
def only_one_django_fsm(**_: Any) -> list[Error]:
    """django-fsm (inactive) and django-fsm-2 own the same import name; beside each other one silently replaces the
    other (ADR 0002)."""
    try:
        metadata.version("django-fsm")
    except metadata.PackageNotFoundError:
        return []
    return [
        Error(
            "Expected django-fsm-2 alone, but the inactive django-fsm is installed beside it.",
            hint="pip uninstall django-fsm django-fsm-2, then pip install django-fsm-2.",
            id="casework.E001",
        )
    ]


@register()
def everything_agrees(**_: Any) -> list[Error]:
    """The law, flow, policy and templates of every case type fit together."""
    from casework.domain.agreement import disagreements, missing_templates

    hint = "Change the law, the flow or the policy until they say the same."
    return [Error(words, hint=hint, id="casework.E002") for words in (*disagreements(), *missing_templates())]


@register()
def buckets_can_be_asked(**_: Any) -> list[Error]:
    """Where a setting names a bucket, it is one, and what asks for it is installed."""
    named = {"GONGDUAN_STORE": settings.STORE, "GONGDUAN_LOG_ARCHIVE": settings.LOG_ARCHIVE}
    named = {name: place for name, place in named.items() if isinstance(place, str) and place}
    if named and find_spec("boto3") is None:
        words = f"Expected boto3 for {' and '.join(named)}, but it is not installed."
        return [Error(words, hint="pip install gongduan[s3].", id="casework.E003")]
    return [error for name, place in named.items() for error in _no_bucket(name, place)]


def _no_bucket(name: str, place: str) -> list[Error]:
    from casework import s3

    try:
        s3.place_of(place)
    except s3.BucketProblem as problem:
        return [Error(f"{name}: {problem}", hint="The prefix may be left out.", id="casework.E004")]
    return []
