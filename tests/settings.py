"""The product's settings, in a folder of their own for every test process."""

import os
import tempfile
from pathlib import Path

from casework.config.settings import *  # noqa: F403

TESTING = True
LANGUAGE_CODE = "en"
HOME = Path(tempfile.mkdtemp(prefix="gongduan-test-"))
EVIDENCE_FOLDER = HOME / "evidence"
DOCUMENT_FOLDER = HOME / "documents"
PEAKS_FOLDER = HOME / "peaks"
CACHE_FOLDER = HOME / "cache"
PKI_FOLDER = HOME / "pki"
if "GONGDUAN_LOG_FOLDER" not in os.environ:
    LOG_FOLDER = HOME / "log"
STATIC_ROOT = HOME / "static"
STATIC_ROOT.mkdir()
# Files under their own names: nothing is collected for a test.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # noqa: F405

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    DATABASES["default"]["TEST"] = {"NAME": str(HOME / "test.sqlite3")}  # noqa: F405
    if "GONGDUAN_DURABLE" not in os.environ:  # nothing is forced to disk, because this data does not outlive the run
        DATABASES["default"]["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"  # noqa: F405

PASSWORD_HASHERS = ["tests.hashers.QuickArgon2"]
