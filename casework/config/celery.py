"""The Celery application: `celery -A casework.config.celery worker`, and `beat` if wanted (docs/operating.md)."""

import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, celeryd_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "casework.config.settings")

from django.conf import settings  # noqa: E402


def celery_app(options: dict[str, Any]) -> Celery:
    """An application with those options whose workers also poll."""
    made = Celery("gongduan", set_as_current=False)
    made.conf.update(options)
    made.steps["worker"].add("casework.config.worker:Polling")
    return made


app = celery_app(settings.CELERY)


@celeryd_init.connect
@beat_init.connect
def needs_a_broker(**_: Any) -> None:
    """Without one Celery would look for it on this machine by itself."""
    if not settings.CELERY["broker_url"]:
        raise SystemExit("Expected GONGDUAN_BROKER_URL to be set, but it is not; set it, or run `manage.py work`")
