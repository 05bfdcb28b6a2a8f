"""What the workers of these tests run with: the tests' settings, and deliveries that tell whose hands did them."""

from tests.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.broker.apps.WatchedWork"]  # noqa: F405
