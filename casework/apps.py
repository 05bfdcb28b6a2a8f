from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CaseworkConfig(AppConfig):
    name = "casework"
    verbose_name = _("Casework")

    def ready(self) -> None:
        """Registers the system checks and the delivery handlers of every app that has some."""
        from importlib import import_module
        from importlib.util import find_spec

        from django.apps import apps

        import_module("casework.checks")
        import_module("casework.domain.papers")
        for app in apps.get_app_configs():
            if app.name.startswith("workflows.") and find_spec(f"{app.name}.deliveries"):
                import_module(f"{app.name}.deliveries")
