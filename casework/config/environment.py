"""What settings are read from the environment as. A value that is none is a ValueError that names its variable."""

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

# Every statement is short and reads by index; compiling one takes longer than running it, and no disk here has a head
# to move. Left to its defaults, PostgreSQL reads all cases to fill a page of the inbox.
PLANNING = "-c jit=off -c random_page_cost=1.1"


def secret_key(home: Path) -> str:
    """As given, else made once and kept in `home`."""
    if given := os.environ.get("GONGDUAN_SECRET_KEY"):
        return given
    file = home / "secret.key"
    if not file.exists():
        home.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return file.read_text().strip()
        with os.fdopen(handle, "w") as out:
            out.write(secrets.token_urlsafe(48))
    return file.read_text().strip()


def database(url: str) -> dict[str, Any]:
    parts = urlparse(url)
    if parts.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": unquote(parts.path[1:] if parts.path.startswith("//") else parts.path),
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
            },
        }
    if parts.scheme in ("postgres", "postgresql"):
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.path.lstrip("/"),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": parts.hostname or "",
            "PORT": str(parts.port or ""),
            "CONN_MAX_AGE": None,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": {"server_side_binding": True, "prepare_threshold": 3, "options": PLANNING},
        }
    raise ValueError(f"GONGDUAN_DATABASE_URL: expected sqlite:// or postgres://, but it is {parts.scheme}://")


def celery_options(broker_url: str) -> dict[str, Any]:
    """Celery's options, by the names it gives them. Messages say no more than "look", so what is told here keeps
    workers honest and deaths cheap; nothing hangs on a message's arrival, and none carries an eta or a countdown."""
    transport = urlparse(broker_url).scheme
    if transport not in ("", "amqp", "amqps", "redis", "rediss"):
        raise ValueError(f"GONGDUAN_BROKER_URL: expected amqp(s):// or redis(s)://, but it is {transport}://")
    wakes = {
        "deliver": 5.0,
        "fire_clocks": 5.0,
        "project_grants": 60.0,
        "give_up_seats": 60.0,
        "sweep_received": 3600.0,
    }
    options = {
        "broker_url": broker_url or None,
        "broker_connection_timeout": 2,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_heartbeat": 10,
        "imports": ["casework.tasks"],
        "task_default_queue": "gongduan",
        "task_ignore_result": True,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "worker_consumer": "casework.config.worker:Consumer",
        "worker_prefetch_multiplier": 1,
        "worker_soft_shutdown_timeout": 30.0,
        "worker_proc_alive_timeout": 30.0,
        "worker_enable_remote_control": False,
        # In memory: a beat that starts anew, or a fifth one, may send what another has sent.
        "beat_scheduler": "celery.beat:Scheduler",
        "beat_schedule": {
            name: {"task": f"gongduan.{name}", "schedule": every, "options": {"expires": every}}
            for name, every in wakes.items()
        },
    }
    if transport.startswith("amqp"):
        options["task_default_queue_type"] = "quorum"
    elif transport:
        # Longer than any task works: what is acknowledged later than this is handed out a second time.
        options["broker_transport_options"] = {"visibility_timeout": 3600, "socket_connect_timeout": 2}
    return options


def place(text: str) -> Path | str | None:
    """A bucket stays as it is written, anything else is a folder."""
    return text if text.startswith("s3://") else Path(text) if text else None


def archive_lock(text: str) -> tuple[str, int] | None:
    """(mode, days)"""
    mode, _colon, days = text.upper().partition(":")
    if text and (mode not in ("COMPLIANCE", "GOVERNANCE") or not days.isdecimal() or not 0 < int(days) <= 36500):
        raise ValueError(f"GONGDUAN_ARCHIVE_LOCK: expected COMPLIANCE:DAYS or GOVERNANCE:DAYS, but it is {text}")
    return (mode, int(days)) if text else None


def cache_at_most(text: str) -> int:
    """In bytes."""
    mib = text or "4096"
    if not mib.isdecimal():
        raise ValueError(f"GONGDUAN_CACHE_MIB: expected a number of MiB such as 4096, but it is {text}")
    return int(mib) << 20


def key_holder(address: str) -> str:
    if address and not address.startswith("unix:/"):
        raise ValueError(f"GONGDUAN_KEY_HOLDER: expected unix:/PATH, but it is {address}")
    return address
