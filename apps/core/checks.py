"""What ``manage.py check --deploy`` looks at beside Django's own: names and passwords."""

from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Tags

#: Shorter ones are guessed.
PASSWORD_CHARACTERS = 12
#: What stands in examples.
WELL_KNOWN = {
    "admin", "changeme", "guest", "mongo", "password", "postgres", "redis", "root", "scriptorium",
    "secret",
}  # fmt: skip


@checks.register(Tags.security, deploy=True)
def hosts_check(**_: object) -> list[CheckMessage]:
    """Warn of a site that answers to any name."""
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    words = 'ALLOWED_HOSTS has "*": whoever sends a request says what the site is called.'
    return [checks.Warning(words, hint="Name the site's hosts.", id="core.W001")]


@checks.register(Tags.security, deploy=True)
def passwords_check(**_: object) -> list[CheckMessage]:
    """Warn of services on other machines that have no password, or one that is guessed."""
    urls = {
        "DATABASE_URL": _database_url(),
        "MONGODB_URL": settings.MONGODB_URL,
        "REDIS_URL": settings.REDIS_URL,
        "CELERY_BROKER_URL": settings.CELERY_BROKER_URL,
    }
    troubles = ((name, _trouble(url)) for name, url in urls.items())
    return [
        checks.Warning(f"{name} {trouble}.", hint="Give the service a long one.", id="core.W002")
        for name, trouble in troubles
        if trouble
    ]


def _database_url() -> str:
    database = settings.DATABASES["default"]
    return f"postgres://{database['USER']}:{database['PASSWORD']}@{database['HOST']}"


def _trouble(url: str) -> str:
    """Return what is wrong with the password of a URL; nothing is, for one of this machine."""
    who, _, where = urlsplit(url).netloc.rpartition("@")
    if all(_is_local(host) for host in where.split(",")):
        return ""
    password = unquote(who.partition(":")[2])
    if not password:
        return "has no password"
    if password.casefold() in WELL_KNOWN:
        return "has a password out of an example"
    if len(password) < PASSWORD_CHARACTERS:
        return f"has a password of less than {PASSWORD_CHARACTERS} characters"
    return ""


def _is_local(host: str) -> bool:
    return host.startswith(("localhost", "127.", "[::1]", "/")) or not host
