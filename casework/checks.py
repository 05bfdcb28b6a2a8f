"""System checks: what must hold before anything runs."""

from importlib import metadata
from typing import Any

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
