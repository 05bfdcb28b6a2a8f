"""Callers of the API, each with a token of their own."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from casework.domain.now import now
from casework.domain.signing import token_digest
from casework.models import Account, Token

BASE = "/api/v1"


class Caller:
    """A person's client; `status` of the last answer is asserted unless told otherwise."""

    def __init__(self, login: str, **headers: str) -> None:
        text = f"token-of-{login}"
        Token.objects.get_or_create(
            digest=token_digest(text),
            defaults={
                "account": Account.objects.get(username=login), "created_at": now(),
                "expires_at": now() + timedelta(days=60),
            },
        )  # fmt: skip
        self.headers = {"Authorization": f"Bearer {text}", "Accept-Language": "en", **headers}
        self.client = Client()

    def get(self, path: str, status: int = 200, **query: Any) -> Any:
        return self._checked(self.client.get(BASE + path, query, headers=self.headers), status)

    def post(self, path: str, body: Any = None, status: int = 200, key: str | None = None) -> Any:
        headers = {**self.headers, **({"Idempotency-Key": key} if key is not None else {})}
        raw = body if isinstance(body, bytes) else json.dumps(body or {})
        response = self.client.post(BASE + path, raw, content_type="application/json", headers=headers)
        return self._checked(response, status)

    def act(self, number: str, action: str, data: Any = None, status: int = 200, **more: Any) -> Any:
        body = {"data": data or {}, **({"version": more.pop("version")} if "version" in more else {})}
        return self.post(f"/cases/{number}/actions/{action}", body, status, **more)

    def version(self, number: str) -> int:
        return self.get(f"/cases/{number}")["version"]

    def send(self, path: str, status: int = 202, **fields: Any) -> Any:
        return self._checked(self.client.post(BASE + path, fields, headers=self.headers), status)

    def _checked(self, response: Any, status: int) -> Any:
        self.response = response
        assert response.status_code == status, response.content.decode()[:2000]
        if status >= 400:
            assert response["Content-Type"] == "application/problem+json"
            problem = response.json()
            assert problem["status"] == status
            assert {"type", "title", "detail", "code", "problems"} <= set(problem)
            return problem
        return response.json() if response["Content-Type"].startswith("application/json") else response.getvalue()


@pytest.fixture
def api(db, time):
    return Caller
