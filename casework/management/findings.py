"""What `doctor` found."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    level: str
    topic: str
    message: str


def ok(topic: str, message: str) -> Finding:
    return Finding("ok", topic, message)


def warning(topic: str, message: str) -> Finding:
    return Finding("warning", topic, message)


def error(topic: str, message: str) -> Finding:
    return Finding("error", topic, message)
