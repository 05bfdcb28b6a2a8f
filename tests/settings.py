"""The product's settings, in a folder of their own for every test process."""

import tempfile
from pathlib import Path

from casework.config.settings import *  # noqa: F403

TESTING = True
LANGUAGE_CODE = "en"
HOME = Path(tempfile.mkdtemp(prefix="gongduan-test-"))
EVIDENCE_FOLDER = HOME / "evidence"
DOCUMENT_FOLDER = HOME / "documents"
PKI_FOLDER = HOME / "pki"

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    DATABASES["default"]["TEST"] = {"NAME": str(HOME / "test.sqlite3")}  # noqa: F405

PASSWORD_HASHERS = ["tests.hashers.QuickArgon2"]
