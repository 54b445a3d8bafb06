"""Settings that all modes share. Values of the environment come from ``config.env``."""

from datetime import timedelta
from typing import Any

from csp.constants import NONE, SELF
from environs import validate

from config.attachments import attachments_storage
from config.env import (
    BASE_DIR,
    attachments_url,
    broker_url,
    env,
    has_server_id,
    http_url_or_empty,
    kafka_servers,
    mongodb_url,
    redis_url,
    server_id,
)

SECRET_KEY = env.str("SECRET_KEY")
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])
DEBUG: bool = env.bool("DEBUG", False)
#: Point at which this process kills itself (``apps.core.failpoints``); for tests only.
FAILPOINT: str | None = env.str("FAILPOINT", None)

INSTALLED_APPS = [
    "config.daphne_commands.DaphneCommandsConfig",
    "apps.accounts.admin_config.ScriptoriumAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "channels",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "drf_spectacular",
    "csp",
    "apps.core",
    "apps.accounts",
    "apps.documents",
    "apps.attachments",
    "apps.oplog",
    "apps.history",
    "apps.collab",
    "apps.edits",
    "apps.activity",
    "apps.pipeline",
    "apps.maintenance",
    "apps.editor",
    "config.apps.ProjectConfig",
]

MIDDLEWARE = [
    "apps.core.probes.probes_first",
    "django.middleware.security.SecurityMiddleware",
    "apps.core.static_files.StaticFiles",
    "csp.middleware.CSPMiddleware",
    "apps.core.api.caching.private_by_default",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- services, each by its URL ---------------------------------------------------------------

DATABASES = {"default": env.dj_db_url("DATABASE_URL", conn_max_age=60, conn_health_checks=True)}
#: How long PostgreSQL may take to accept a connection, in seconds; otherwise a host that does not
#: answer would block a thread without limit.
DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 3)
MONGODB_URL: str = env.str("MONGODB_URL", validate=mongodb_url)
REDIS_URL: str = env.str("REDIS_URL", validate=redis_url)
KAFKA_BOOTSTRAP_SERVERS: str = env.str("KAFKA_BOOTSTRAP_SERVERS", validate=kafka_servers)
CELERY_BROKER_URL: str = env.str("CELERY_BROKER_URL", REDIS_URL, validate=broker_url)

#: Where files are stored; empty for no files.
ATTACHMENTS_URL: str | None = env.str("ATTACHMENTS_URL", None, validate=attachments_url)

CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "scriptorium",
        "OPTIONS": {
            "SOCKET_CONNECT_TIMEOUT": 2,
            "SOCKET_TIMEOUT": 5,
        },
    }
}

#: A receiver of the channel layer waits 5 s for a message in one command; the default timeout of
#: redis-py would close the connection at that moment.
CHANNEL_SOCKET_TIMEOUT_S = 20

CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {
            "hosts": [{"address": REDIS_URL, "socket_timeout": CHANNEL_SOCKET_TIMEOUT_S}],
            "capacity": 1000,
            "prefix": "scriptorium",
        },
    }
}

SERVER_ID = server_id()
HAS_SERVER_ID = has_server_id()

#: The topic of operations: the number of partitions (the most workers that can share it), the
#: replication factor (0: the number of brokers, at most 3), and the retention.
KAFKA_TOPIC_PARTITIONS: int = env.int("KAFKA_TOPIC_PARTITIONS", 12, validate=validate.Range(1))
KAFKA_TOPIC_REPLICAS: int = env.int("KAFKA_TOPIC_REPLICAS", 0, validate=validate.Range(0))
KAFKA_RETENTION_HOURS: int = env.int("KAFKA_RETENTION_HOURS", 168, validate=validate.Range(1))
#: Whether a worker with a ``SERVER_ID`` is a static member of its consumer group.
KAFKA_STATIC_MEMBERS: bool = env.bool("KAFKA_STATIC_MEMBERS", True)

# --- people ----------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/login/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

AUTHENTICATION_BACKENDS = ["apps.accounts.backends.ThrottledModelBackend"]
#: Failed logins in one window (seconds): by the caller's address (one host that tries many
#: accounts), by username and address (one host that guesses one person's password), and by username
#: from addresses that are new to it (many hosts that do so). Reasons: ``apps.accounts.throttling``.
LOGIN_WINDOW_S: int = env.int("LOGIN_WINDOW_S", 300)
LOGIN_ATTEMPTS_PER_ADDRESS: int = env.int("LOGIN_ATTEMPTS_PER_ADDRESS", 30)
LOGIN_ATTEMPTS_PER_USERNAME_AND_ADDRESS: int = env.int(
    "LOGIN_ATTEMPTS_PER_USERNAME_AND_ADDRESS", 10
)
LOGIN_ATTEMPTS_PER_USERNAME: int = env.int("LOGIN_ATTEMPTS_PER_USERNAME", 50)
#: Failed logins that the trail of accounts stores in an hour (hosts without number that fill it).
LOGIN_FAILURES_PER_HOUR: int = env.int("LOGIN_FAILURES_PER_HOUR", 1_000)
#: How long the trail keeps logins, failures and rights of the workspace, in days.
ACCOUNT_EVENTS_DAYS: int = env.int("ACCOUNT_EVENTS_DAYS", 180, validate=validate.Range(1))
#: Searches for people by one user in a minute (copying the list of accounts).
USER_SEARCHES_PER_MINUTE: int = env.int("USER_SEARCHES_PER_MINUTE", 60)
#: Number of trusted proxies that append to X-Forwarded-For; 0 ignores the header (otherwise a
#: caller could send a new address with each login attempt, and would not be throttled).
TRUSTED_PROXIES: int = env.int("TRUSTED_PROXIES", 0)
#: Whether ``/metrics`` and the details of ``/readyz`` are for this machine only: without a gateway
#: that blocks them.
PROBES_LOCAL_ONLY: bool = env.bool("PROBES_LOCAL_ONLY", False)
#: Behind a proxy, its header tells whether the request came by TLS; the CSRF check needs it.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None

SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=env.int("ACCESS_TOKEN_MINUTES", 15)),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=env.int("REFRESH_TOKEN_DAYS", 14)),
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
    # A token contains a digest of the password's hash: a new password revokes it.
    "CHECK_REVOKE_TOKEN": True,
}

# --- REST ------------------------------------------------------------------------------------

#: Longest JSON body, in bytes (one request must not fill the memory): enough for an update of
#: ``LIMIT_UPDATE_BYTES`` in base64.
REST_BODY_BYTES: int = env.int("REST_BODY_BYTES", 8 * 1024 * 1024)
#: How long a client may take to send a request, in seconds; each 8 KiB that arrive add a second.
#: Half requests must not fill the server.
REQUEST_WAIT_S: float = env.float("REQUEST_WAIT_S", 15.0, validate=validate.Range(0.5))
#: Longest text or file to import, in bytes (its conversion blocks a thread for seconds).
IMPORT_MAX_BYTES: int = env.int("IMPORT_MAX_BYTES", 1024 * 1024)
#: Longest file of Word, ODT, RTF or EPUB to import, with its pictures, and the longest text inside
#: of it once it is unpacked, in bytes (a small file that unpacks to gigabytes).
IMPORT_OFFICE_MAX_BYTES: int = env.int("IMPORT_OFFICE_MAX_BYTES", 8 * 1024 * 1024)
IMPORT_UNPACKED_MAX_BYTES: int = env.int("IMPORT_UNPACKED_MAX_BYTES", 32 * 1024 * 1024)
#: Pictures of one import or export of Word, ODT, EPUB or PDF: how many, their bytes together, and
#: the time to clean or to scale them, in seconds (a file of a million pictures). Further ones
#: become words.
OFFICE_PICTURES: int = env.int("OFFICE_PICTURES", 500, validate=validate.Range(0))
OFFICE_PICTURES_BYTES: int = env.int("OFFICE_PICTURES_BYTES", 32 * 1024 * 1024)
OFFICE_PICTURES_S: float = env.float("OFFICE_PICTURES_S", 30.0)

#: Child processes for conversions (import, export, diff, authorship, restore, undo) of this
#: process; started with the first one.
CONVERSION_PROCESSES: int = env.int("CONVERSION_PROCESSES", 2, validate=validate.Range(1))
#: Time, address space and length of the result of one conversion, in seconds and bytes (content
#: that hangs the parser or the CRDT library, or becomes gigabytes).
CONVERSION_TIMEOUT_S: float = env.float("CONVERSION_TIMEOUT_S", 20.0, validate=validate.Range(1))
CONVERSION_MEMORY_BYTES: int = env.int("CONVERSION_MEMORY_BYTES", 1024 * 1024 * 1024)
CONVERSION_OUTPUT_BYTES: int = env.int("CONVERSION_OUTPUT_BYTES", 64 * 1024 * 1024)
#: Costly calls of one person that this process runs at once (one person whose calls take all
#: threads and processes).
CONVERSIONS_PER_PERSON: int = env.int("CONVERSIONS_PER_PERSON", 1, validate=validate.Range(1))
#: How long a costly call waits for the caller's own call before, and for a free process, in
#: seconds (one person who calls often must not have all threads and processes).
CONVERSION_WAIT_S: float = env.float("CONVERSION_WAIT_S", 10.0)

#: Child processes of this process that try unusual edits and loads; started with the first one.
REHEARSAL_PROCESSES: int = env.int("REHEARSAL_PROCESSES", 2, validate=validate.Range(1))
#: Time and address space of one of them, in seconds and bytes, at most (an edit that breaks the
#: CRDT library, or makes it slow). Each step has a limit of processor time besides.
REHEARSAL_TIMEOUT_S: float = env.float("REHEARSAL_TIMEOUT_S", 20.0, validate=validate.Range(1))
REHEARSAL_MEMORY_BYTES: int = env.int("REHEARSAL_MEMORY_BYTES", 1024 * 1024 * 1024)
#: How long an edit or a load waits for a free one, in seconds.
REHEARSAL_WAIT_S: float = env.float("REHEARSAL_WAIT_S", 10.0)

#: Folder in which each process notes what it works on, in case it dies of it (a document that ends
#: each process that loads it); empty for none. It has to outlive the process.
CRASH_JOURNAL_DIR: str | None = env.str("CRASH_JOURNAL_DIR", None)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "apps.accounts.sign_ins.SignInAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "apps.core.api.errors.exception_handler",
    "DEFAULT_PARSER_CLASSES": [
        "apps.core.api.parsers.BoundedJSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Scriptorium",
    "DESCRIPTION": (
        "Documents that several people edit at once, without losing an edit. Each response has an "
        "`X-Request-ID`, which identifies its lines in the logs."
    ),
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "PATH_CONVERTER_OVERRIDES": {"number": int},
}

# --- pages -----------------------------------------------------------------------------------

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STATIC_URL = "static/"
#: Static files are served from their source folders in all modes, without ``collectstatic``: there
#: is no step to forget, and no copy that gets out of date.
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "apps.core.static_files.DigestStorage"},
}
if ATTACHMENTS_URL:
    STORAGES["attachments"] = attachments_storage(ATTACHMENTS_URL)
WHITENOISE_USE_FINDERS = True
#: For development: files are looked up at each request, and not cached by browsers.
WHITENOISE_AUTOREFRESH = DEBUG

X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# --- documents -------------------------------------------------------------------------------

#: Longest title, in characters (lists show the titles of all their documents).
DOCUMENT_TITLE_MAX_CHARS: int = env.int("DOCUMENT_TITLE_MAX_CHARS", 200)
#: Documents in one page of a list: by default, and at most (one request must not read them all).
DOCUMENT_PAGE_SIZE: int = env.int("DOCUMENT_PAGE_SIZE", 25)
DOCUMENT_PAGE_SIZE_MAX: int = env.int("DOCUMENT_PAGE_SIZE_MAX", 100)

# --- files -----------------------------------------------------------------------------------

#: Longest file, in bytes (one upload must not fill the disk; a picture is held in memory).
ATTACHMENT_MAX_BYTES: int = env.int(
    "ATTACHMENT_MAX_BYTES", 25 * 1024 * 1024, validate=validate.Range(1)
)
#: Files of one document (a script that attaches files).
ATTACHMENTS_PER_DOCUMENT: int = env.int(
    "ATTACHMENTS_PER_DOCUMENT", 5_000, validate=validate.Range(1)
)
#: Pixels of a picture, of all its frames together (a picture of 2 kB that becomes gigabytes).
ATTACHMENT_MAX_PIXELS: int = env.int(
    "ATTACHMENT_MAX_PIXELS", 50_000_000, validate=validate.Range(1)
)
#: Child processes of this process that clean pictures; started with the first one.
ATTACHMENT_PICTURE_PROCESSES: int = env.int(
    "ATTACHMENT_PICTURE_PROCESSES", 1, validate=validate.Range(1)
)
#: Time and address space of cleaning one picture, in seconds and bytes (a file that hangs or
#: breaks a decoder).
ATTACHMENT_PICTURE_TIMEOUT_S: float = env.float(
    "ATTACHMENT_PICTURE_TIMEOUT_S", 20.0, validate=validate.Range(1)
)
ATTACHMENT_PICTURE_MEMORY_BYTES: int = env.int(
    "ATTACHMENT_PICTURE_MEMORY_BYTES", 1024 * 1024 * 1024
)
#: How long a file that nothing in the history needs stays, in seconds (an undo by a page that was
#: away so long brings back a picture that is gone).
ATTACHMENT_FREE_AFTER_S: int = env.int(
    "ATTACHMENT_FREE_AFTER_S", 30 * 24 * 3600, validate=validate.Range(1)
)
#: How long a signed address of a file is valid, in seconds (an address in a log or a mail).
ATTACHMENT_ADDRESS_S: int = env.int("ATTACHMENT_ADDRESS_S", 300, validate=validate.Range(1))

# --- shares of one person (``apps.accounts.usage``); administrators may give a person others ---

#: Documents that one person may create, those in the trash included (a script that creates them).
DOCUMENTS_PER_PERSON: int = env.int("DOCUMENTS_PER_PERSON", 10_000)
#: Versions that one person may name: retention keeps each of them (one is as large as a document).
NAMED_VERSIONS_PER_PERSON: int = env.int("NAMED_VERSIONS_PER_PERSON", 5_000)
#: Bytes that one person may store by edits and named versions (a script that fills the disk). Ten
#: thousand hours of typing stay below the default.
STORED_BYTES_PER_PERSON: int = env.int("STORED_BYTES_PER_PERSON", 4 * 1024**3)

# --- the document engine ---------------------------------------------------------------------

CRDT_ENGINE: str = env.str("CRDT_ENGINE", "pycrdt", validate=validate.OneOf(["pycrdt", "y_py"]))

# --- live editing: the limits of ``apps.collab.limits``, with their units and threats there -----

COLLAB_LIMITS: dict[str, Any] = {
    "frame_bytes": env.int("LIMIT_FRAME_BYTES", 4 * 1024 * 1024),
    "update_bytes": env.int("LIMIT_UPDATE_BYTES", 4 * 1024 * 1024),
    "update_structs": env.int("LIMIT_UPDATE_STRUCTS", 400_000),
    "update_clients": env.int("LIMIT_UPDATE_CLIENTS", 10_000),
    "document_clients": env.int("LIMIT_DOCUMENT_CLIENTS", 100_000),
    "document_bytes": env.int("LIMIT_DOCUMENT_BYTES", 12 * 1024 * 1024),
    "pending_bytes": env.int("LIMIT_PENDING_BYTES", 4 * 1024 * 1024),
    "pending_age_s": env.float("LIMIT_PENDING_AGE_S", 60.0),
    "queue_bytes": env.int("LIMIT_QUEUE_BYTES", 16 * 1024 * 1024),
    "outbox_bytes": env.int("LIMIT_OUTBOX_BYTES", 16 * 1024 * 1024),
    "frames_per_s": env.int("LIMIT_FRAMES_PER_S", 20_000),
    "sessions_per_room": env.int("LIMIT_SESSIONS_PER_ROOM", 1_000),
    "sessions_per_person_in_room": env.int("LIMIT_SESSIONS_PER_PERSON_IN_ROOM", 50),
    "sessions_per_person": env.int("LIMIT_SESSIONS_PER_PERSON", 500),
    "rooms": env.int("LIMIT_ROOMS", 10_000),
    "idle_room_ttl_s": env.float("ROOM_WARM_S", 60.0),
    "expiry_grace_s": env.float("TOKEN_EXPIRY_GRACE_S", 30.0),
}

#: Until when pages may bring edits of other people that the log lacks, in Unix seconds: after the
#: restore of an older backup (ADR 0014). 0 for never.
RELAYS_UNTIL: float = env.float("RELAYS_UNTIL", 0.0)
#: When a page sends what is typed: alone in a document, and with others there
#: (``apps.collab.cadence``).
_AT_LEAST_ONE = validate.Range(1)
COLLAB_CADENCE: dict[str, dict[str, int]] = {
    "alone": {
        "pause_ms": env.int("CADENCE_ALONE_PAUSE_MS", 200, validate=validate.Range(0)),
        "interval_ms": env.int("CADENCE_ALONE_INTERVAL_MS", 2_000, validate=_AT_LEAST_ONE),
        "characters": env.int("CADENCE_ALONE_CHARACTERS", 20, validate=_AT_LEAST_ONE),
    },
    "together": {
        "pause_ms": env.int("CADENCE_TOGETHER_PAUSE_MS", 0, validate=validate.Range(0)),
        "interval_ms": env.int("CADENCE_TOGETHER_INTERVAL_MS", 84, validate=_AT_LEAST_ONE),
        "characters": env.int("CADENCE_TOGETHER_CHARACTERS", 20, validate=_AT_LEAST_ONE),
    },
}

#: Longest time between the beginnings of two commits of a web server, in milliseconds: for a server
#: with many edits. With few there is none (``apps.collab.commit_pacing``). 0 for no interval ever.
COMMIT_INTERVAL_MS: float = env.float("COMMIT_INTERVAL_MS", 10.0, validate=validate.Range(0, 100))

#: Documents that a web server had in memory, and loads again when it starts, at most; 0 for none
#: (``apps.collab.warm_start``).
WARM_START_DOCUMENTS: int = env.int("WARM_START_DOCUMENTS", 200, validate=validate.Range(0, 10_000))

#: How long a server keeps a document's lock without renewing it, in seconds: nobody waits longer
#: for a dead one. Less than the 15 s that an edit waits for a lock (``lock_wait_s``).
LOCK_LEASE_S: float = env.float("LOCK_LEASE_S", 10.0, validate=validate.Range(0.5, 12.0))

# --- workers ---------------------------------------------------------------------------------

#: A snapshot is taken after this many operations or bytes, or this long (seconds) after the last
#: edit.
SNAPSHOT_POLICY: dict[str, Any] = {
    "operations": env.int("SNAPSHOT_OPERATIONS", 500),
    "size_bytes": env.int("SNAPSHOT_BYTES", 1024 * 1024),
    "quiet_s": env.float("SNAPSHOT_QUIET_S", 10.0),
}
#: How long a snapshot stays in Redis without a newer one, in seconds.
SNAPSHOT_CACHE_S: int = env.int("SNAPSHOT_CACHE_S", 7 * 24 * 3600)
#: How long the content of a version that was read stays in Redis, in seconds, and for how many
#: versions of one document.
VERSION_CACHE_S: int = env.int("VERSION_CACHE_S", 600, validate=validate.Range(1))
VERSION_CACHE_MOST: int = env.int("VERSION_CACHE_MOST", 20, validate=validate.Range(1))
#: Ages (seconds) up to which all automatic versions are kept, then one per hour, then one per day;
#: one per week is kept without limit. A document's own policy replaces these.
VERSION_KEEP: dict[str, int] = {
    "all_s": env.int("VERSION_KEEP_ALL_S", 24 * 3600),
    "hourly_s": env.int("VERSION_KEEP_HOURLY_S", 7 * 24 * 3600),
    "daily_s": env.int("VERSION_KEEP_DAILY_S", 30 * 24 * 3600),
}
#: Days after which the log of a document may be compacted, 0 for never. A document's own policy
#: replaces it.
COMPACT_AFTER_DAYS: int = env.int("COMPACT_AFTER_DAYS", 0, validate=validate.Range(0, 36_600))
#: How long (seconds) compacted operations stay in the log: longer than an edit takes from the check
#: for duplicates to the log, so that no operation is logged twice.
COMPACT_DROP_AFTER_S: float = env.float("COMPACT_DROP_AFTER_S", 300.0)
#: Port on which a worker or beat serves ``/healthz`` and ``/metrics``, 0 for none.
METRICS_PORT: int = env.int("METRICS_PORT", 0, validate=validate.Range(0, 65_535))
#: Documents that one worker caches in memory.
WORKER_DOCUMENTS: int = env.int("WORKER_DOCUMENTS", 500)
#: Unreadable messages that a worker makes dead letters of, beyond a tenth of the readable ones; at
#: the next one its consumer stops (a bad deploy must not turn the whole topic into dead letters).
WORKER_DEAD_LETTERS_MAX: int = env.int("WORKER_DEAD_LETTERS_MAX", 100, validate=validate.Range(0))

# --- Celery ----------------------------------------------------------------------------------

CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 300, "global_keyprefix": "scriptorium:"}
CELERY_TASK_IGNORE_RESULT = True
CELERY_BEAT_SCHEDULER = "apps.pipeline.beat_scheduler:HeartbeatScheduler"
# Threads, not forked children: the Kafka consumer is one of them (docs/system-flow.md, §5).
CELERY_WORKER_POOL = "threads"
CELERY_WORKER_CONCURRENCY = 2
#: How long a worker waits for Kafka before it reads the log (docs/system-flow.md, §8).
SWEEP_AFTER_S: float = env.float("SWEEP_AFTER_S", 30.0)
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "relay": {"task": "pipeline.relay", "schedule": env.float("RELAY_INTERVAL_S", 5.0)},
    "sweep": {"task": "pipeline.sweep", "schedule": env.float("SWEEP_INTERVAL_S", 30.0)},
    "activity": {"task": "activity.follow", "schedule": env.float("ACTIVITY_INTERVAL_S", 5.0)},
    "retention": {
        "task": "pipeline.retention",
        "schedule": env.float("RETENTION_INTERVAL_S", 3600.0),
    },
    "activity-sweep": {"task": "activity.sweep", "schedule": 300.0},
    "excerpts": {"task": "pipeline.excerpts", "schedule": 3600.0},
    "attachments-sweep": {"task": "attachments.sweep", "schedule": 3600.0},
    "account-events": {"task": "activity.delete_old_account_events", "schedule": 3600.0},
}

#: Receiver of traces, by OTLP over HTTP (``apps.core.tracing``); empty for none.
OTEL_EXPORTER_OTLP_ENDPOINT: str | None = env.str(
    "OTEL_EXPORTER_OTLP_ENDPOINT", None, validate=http_url_or_empty
)
if OTEL_EXPORTER_OTLP_ENDPOINT:
    # After the middleware that answers probes and static files.
    MIDDLEWARE.insert(
        MIDDLEWARE.index("csp.middleware.CSPMiddleware"), "apps.core.otlp.requests_traced"
    )

LOG_FORMAT: str = env.str("LOG_FORMAT", "line", validate=validate.OneOf(["line", "json"]))
LOG_OPERATIONS: bool = env.bool("LOG_OPERATIONS", False)
# Otherwise Celery would replace these formats by its own.
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "apps.core.logs.LineFormatter"},
        "json": {"()": "apps.core.logs.JsonFormatter", "server_id": SERVER_ID},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", "INFO")},
    # A line for each step of each operation, for debugging.
    "loggers": {
        "scriptorium.operations": {"level": "INFO" if LOG_OPERATIONS else "WARNING"},
    },
}
