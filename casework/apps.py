from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CaseworkConfig(AppConfig):
    name = "casework"
    verbose_name = _("Casework")

    def ready(self) -> None:
        """Registers the system checks, the delivery handlers of every app that has some, and what wakes the workers."""
        from importlib import import_module
        from importlib.util import find_spec

        from django.apps import apps
        from django.conf import settings

        import_module("casework.checks")
        for name in ("deadline_moves", "ended_keys", "erased_files", "leavers", "papers", "stamping"):
            import_module(f"casework.domain.{name}")
        if settings.CELERY["broker_url"]:
            from casework.broker import Waker
            from casework.config.celery import app
            from casework.domain.waking import wakes

            wakes(Waker(app))
        for app in apps.get_app_configs():
            if app.name.startswith("workflows.") and find_spec(f"{app.name}.deliveries"):
                import_module(f"{app.name}.deliveries")
