"""People at the pages: a browser in which they are logged in, and what a page asks of the database."""

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from casework.models import Account


def browser(login: str) -> Client:
    """A browser in which that person is logged in; its pages are in English."""
    client = Client(headers={"accept-language": "en"})
    client.force_login(Account.objects.get(username=login), backend="django.contrib.auth.backends.ModelBackend")
    return client


def statements(ask: Callable[[], Any]) -> list[str]:
    """What was asked of the database."""
    with CaptureQueriesContext(connection) as captured:
        assert ask().status_code == 200
    return [query["sql"] for query in captured.captured_queries]
