"""Refusals. Each has a stable code, an HTTP status and an exit status; its text says what was expected, what is,
and what to do next."""

from typing import Any


class Refusal(Exception):
    """Nothing was written. `details` are machine-readable parts of the reason."""

    code = "refused"
    status = 400
    exit_status = 1

    def __init__(self, message: Any, *, code: str | None = None, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.reason = code or self.code
        self.details = details

    def __str__(self) -> str:
        return str(self.message)


class OutOfScope(Refusal):
    code, status, exit_status = "out_of_scope", 404, 5


class UnknownAction(Refusal):
    code, status, exit_status = "unknown_action", 404, 5


class NotPermitted(Refusal):
    code, status, exit_status = "not_permitted", 403, 3


class NotAllowedNow(Refusal):
    code, status, exit_status = "not_allowed_now", 409, 4


class Stale(Refusal):
    code, status, exit_status = "stale", 409, 4


class InvalidInput(Refusal):
    """`problems`: [{"field": "criteria.0.value", "code": "off_step", "message": …}]."""

    code, status, exit_status = "invalid_input", 422, 2

    def __init__(self, message: Any, *, problems: list[dict[str, Any]] | None = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.problems = problems or []


class Conflict(Exception):
    """Somebody wrote to the family first; read and decide again. Never leaves perform()."""
