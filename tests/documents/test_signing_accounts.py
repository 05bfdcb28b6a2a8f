"""The signing worker under an account of its own: the site's account reads no key, and asks by its group alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.signing_worker import HERE, signing_worker

KEYS, SITE, GROUP, OTHERS = 40001, 40002, 40003, 40004
# Everything is imported before the account is given up: its own may not read where Python is installed.
BEGIN = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
import django
django.setup()
from casework.documents.errors import HolderAway
from casework.documents.holder import SigningWorker
from casework.management.commands.hold_keys import Command
user, group, groups, *words = sys.argv[1:]
os.setgroups([int(groups)] if groups else [])
os.setgid(int(group))
os.setuid(int(user))
"""
HOLD = """
from django.core.management import call_command
call_command(Command(), listen=Path(words[0]))
"""
ASK = """
address, public, keys = words
for name in ("root.key.pem", "seal.passphrase", "people"):
    try:
        os.listdir(Path(keys, name)) if name == "people" else Path(keys, name).read_text()
        print("read", name)
    except PermissionError:
        print("may not read", name)
try:
    asked = SigningWorker(address, Path(public))
    key = asked.enrol("秦明", "M401", "a secret", False, datetime.now(UTC))
    print(len(asked.signer(key, "a secret").sign_digest(bytes(32))) > 60)
except HolderAway as problem:
    print(problem)
"""


def as_account(user: int, group: int, groups: int | str, program: str, *words: object) -> list[str]:
    return [sys.executable, "-c", BEGIN + program, *map(str, (user, group, groups, *words))]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_other_account_reads_no_key_and_asks_by_its_group(tmp_path: Path) -> None:
    with signing_worker(demo=False) as worker:
        worker.kill()
        worker.folder.chmod(0o755)
        listening = worker.folder / "run"
        listening.mkdir()
        os.chown(listening, KEYS, GROUP)
        listening.chmod(0o2750)
        for path in (worker.home, *worker.home.rglob("*")):
            os.chown(path, KEYS, KEYS)
        worker.listen_at(listening / "keys.sock")
        worker.start(as_account(KEYS, KEYS, "", HOLD, worker.socket))

        def site_says(groups: int | str) -> list[str]:
            given = {
                **os.environ, "GONGDUAN_HOME": str(tmp_path), "GONGDUAN_SECRET_KEY": "x" * 50, "LANG": "C.UTF-8",
                "DJANGO_SETTINGS_MODULE": "casework.config.settings",
            }  # fmt: skip
            words = as_account(SITE, OTHERS, groups, ASK, worker.address, worker.public, worker.pki)
            done = subprocess.run(words, capture_output=True, text=True, cwd=HERE, env=given, check=False)
            return done.stdout.splitlines() or [done.stderr]

        unread = [f"may not read {name}" for name in ("root.key.pem", "seal.passphrase", "people")]
        assert site_says(GROUP) == [*unread, "True"]
        *seen, last = site_says("")
        assert seen == unread and "Permission denied" in last
