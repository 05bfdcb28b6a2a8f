"""All settings, from the environment (12-factor).

GONGDUAN_HOME          folder of everything that is not in the database (default: var/ beside manage.py)
GONGDUAN_DATABASE_URL  sqlite:///ABSOLUTE/PATH or postgres://USER:PASSWORD@HOST:PORT/NAME
GONGDUAN_BROKER_URL    amqp://USER:PASSWORD@HOST:PORT/VHOST or redis://:PASSWORD@HOST:PORT/0; unset: workers only poll
GONGDUAN_SECRET_KEY    otherwise made once and kept in GONGDUAN_HOME/secret.key
GONGDUAN_BASE_URL      the address printed in documents (QR code)
GONGDUAN_STORE         s3://BUCKET/PREFIX for documents and evidence; unset: folders below GONGDUAN_HOME. The SDK's own
                       settings say where and who: AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID … (docs/operating.md)
GONGDUAN_CACHE_MIB     how much of it this machine keeps as copies in GONGDUAN_HOME/cache (default: 4096)
GONGDUAN_KEY_HOLDER    unix:/PATH of the signing worker (hold_keys) that has the private keys; unset: every process
                       reads them itself (docs/operating.md)
GONGDUAN_LOG_FOLDER    the key of the ledger's log and what it signed last (default: GONGDUAN_HOME/log)
GONGDUAN_LOG_ORIGIN    the name of the ledger's log, kept with its key once that is made (default: from the base URL)
GONGDUAN_WITNESSES     who cosigns the log, as VKEY@URL, with spaces between (docs/operating.md)
GONGDUAN_LOG_ARCHIVE   for copies of the log's checkpoints: a folder on storage that is written once, or
                       s3://BUCKET/PREFIX; unset: none
GONGDUAN_ARCHIVE_LOCK  how a bucket is to keep each copy: COMPLIANCE:DAYS or GOVERNANCE:DAYS; unset: as it does itself
GONGDUAN_ARCHIVE_EVERY  minutes from one copy to the next, where the log has grown (default: 60)
GONGDUAN_TSA           the address of a time authority (RFC 3161) that stamps issued documents and copies; unset: none
GONGDUAN_TSA_ROOTS     the certificates (PEM file) under which its stamps count
GONGDUAN_TSA_CRLS      its lists of revoked certificates, as addresses or files with spaces between; unset: none is
                       put into stamped documents
GONGDUAN_DELIVERY_LEASE  seconds for which a worker has a delivery to itself (default: 180, longer than any takes)
GONGDUAN_IDLE_MINUTES  a browser that asks for nothing that long has to log in again (default: 60)
GONGDUAN_PROXIES       how many proxies stand before the site and add to X-Forwarded-For (default: 0)
GONGDUAN_READY_WITHIN  seconds that work may wait before /readyz turns red (default: 900)
GONGDUAN_METRICS_TOKEN  who sends it as a bearer token may read /metrics; unset: only programs on this machine,
                       and nobody where a proxy stands before the site
GONGDUAN_DEBUG, GONGDUAN_ALLOWED_HOSTS
"""

import os
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlparse

from csp.constants import NONCE
from django.utils.translation import gettext_lazy as _

from casework.config import environment

BASE_DIR = Path(__file__).resolve().parent.parent.parent
HOME = Path(os.environ.get("GONGDUAN_HOME") or BASE_DIR / "var").absolute()


SECRET_KEY = environment.secret_key(HOME)
DEBUG = os.environ.get("GONGDUAN_DEBUG") == "1"
ALLOWED_HOSTS = os.environ.get("GONGDUAN_ALLOWED_HOSTS", "127.0.0.1,localhost").split(",")
BASE_URL = os.environ.get("GONGDUAN_BASE_URL", "http://127.0.0.1:8000").rstrip("/")

POLICY_FOLDER = BASE_DIR / "policies" / "default"
PACK_FOLDER = BASE_DIR / "policies" / "packs"
CALENDAR_FOLDER = BASE_DIR / "policies" / "calendars"
RUBRIC_FOLDER = BASE_DIR / "policies" / "rubrics"
STORE = os.environ.get("GONGDUAN_STORE", "")
EVIDENCE_FOLDER = HOME / "evidence"
DOCUMENT_FOLDER = HOME / "documents"
CACHE_FOLDER = HOME / "cache"  # of what lies in a bucket
CACHE_AT_MOST = environment.cache_at_most(os.environ.get("GONGDUAN_CACHE_MIB", ""))
PEAKS_FOLDER = HOME / "peaks"  # made from the evidence, and made anew when it is gone
PKI_FOLDER = HOME / "pki"
KEY_HOLDER = environment.key_holder(os.environ.get("GONGDUAN_KEY_HOLDER", ""))
SEAL_PROVIDER = os.environ.get("GONGDUAN_SEAL_PROVIDER") or "casework.documents.sealing.LocalSeal"
LOG_FOLDER = Path(os.environ.get("GONGDUAN_LOG_FOLDER") or HOME / "log")  # only workers read the key in it
LOG_ORIGIN = os.environ.get("GONGDUAN_LOG_ORIGIN") or f"{urlparse(BASE_URL).netloc}/api/v1/ledger"
WITNESSES = os.environ.get("GONGDUAN_WITNESSES", "").split()
LOG_ARCHIVE = environment.place(os.environ.get("GONGDUAN_LOG_ARCHIVE", ""))
ARCHIVE_LOCK = environment.archive_lock(os.environ.get("GONGDUAN_ARCHIVE_LOCK", ""))
ARCHIVE_EVERY = timedelta(minutes=float(os.environ.get("GONGDUAN_ARCHIVE_EVERY") or 60))
TSA = os.environ.get("GONGDUAN_TSA", "")
TSA_ROOTS = Path(os.environ["GONGDUAN_TSA_ROOTS"]) if os.environ.get("GONGDUAN_TSA_ROOTS") else None
TSA_CRLS = os.environ.get("GONGDUAN_TSA_CRLS", "").split()

CASE_TYPES = sorted(
    f"workflows.{folder.name}" for folder in (BASE_DIR / "workflows").iterdir() if (folder / "apps.py").exists()
)

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",  # before the admin, whose templates it stands in for
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "casework.config.statics.Statics",
    "django_htmx",
    "django_cotton",
    "csp",
    "guardian",
    "viewflow",
    "viewflow.workflow",
    "casework",
    "django.contrib.auth",  # after the engine, whose createsuperuser is recorded
    *CASE_TYPES,
    "demo",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "casework.web.frame.frame",
            ],
            "builtins": [
                "casework.web.templatetags.gongduan",
                "django.templatetags.static",
                "django.templatetags.i18n",
            ],
        },
    }
]
ROOT_URLCONF = "casework.config.urls"
WSGI_APPLICATION = "casework.config.wsgi.application"

DATABASES = {
    "default": environment.database(os.environ.get("GONGDUAN_DATABASE_URL") or f"sqlite:///{HOME / 'gongduan.sqlite3'}")
}
CELERY = environment.celery_options(os.environ.get("GONGDUAN_BROKER_URL", ""))
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "casework.Account"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
ANONYMOUS_USER_NAME = None
GUARDIAN_MONKEY_PATCH_USER = False
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
SILENCED_SYSTEM_CHECKS = ["guardian.W001"]

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "casework" / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # Names carry the content's digest, so browsers may keep them for ever; `manage.py collectstatic` makes them.
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

# The back office (casework.admin).
UNFOLD = {
    "SITE_TITLE": _("Gongduan"),
    "SITE_HEADER": _("Gongduan, back office"),
    "SITE_SYMBOL": "gavel",
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "THEME": "casework.admin.site.theme",
    "SIDEBAR": {"navigation": "casework.admin.site.navigation"},
    "COLORS": {
        "primary": {
            "50": "#eff6ff", "100": "#dbeafe", "200": "#bfdbfe", "300": "#93c5fd", "400": "#60a5fa", "500": "#3b82f6",
            "600": "#2563eb", "700": "#1d4ed8", "800": "#1e40af", "900": "#1e3a8a", "950": "#172554",
        }
    },
}  # fmt: skip

# A page takes everything from here and tells nobody where it led.
NOTHING, HERE = "'none'", "'self'"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NOTHING], "script-src": [HERE], "style-src": [HERE, NONCE], "img-src": [HERE, "data:"],
        "font-src": [HERE], "media-src": [HERE, "blob:"], "connect-src": [HERE], "form-action": [HERE],
        "frame-ancestors": [NOTHING], "base-uri": [NOTHING], "object-src": [NOTHING],
    }
}  # fmt: skip
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Behind TLS everything that says who somebody is stays on TLS.
BEHIND_TLS = BASE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 60 * int(os.environ.get("GONGDUAN_IDLE_MINUTES", "60"))
SESSION_EXPIRE_AT_BROWSER_CLOSE = True  # the cookie; how long one may be idle stands in the database and moves
# A proxy that ends TLS speaks plain HTTP to us, so the origin of our own forms would look foreign.
CSRF_TRUSTED_ORIGINS = ["https://" + urlparse(BASE_URL).netloc] if BEHIND_TLS else []
CSRF_FAILURE_VIEW = "casework.web.refusals.csrf_failed"
PROXIES = int(os.environ.get("GONGDUAN_PROXIES", "0"))
METRICS_TOKEN = os.environ.get("GONGDUAN_METRICS_TOKEN", "")
LOGIN_URL = "login"

DATA_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024
DOCUMENT_WORKERS = 1
DELIVERY_LEASE = int(os.environ.get("GONGDUAN_DELIVERY_LEASE", "180"))
