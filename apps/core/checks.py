"""The checks of ``manage.py check --deploy`` beside Django's own: hosts and passwords."""

from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Tags

#: Shorter passwords can be guessed.
PASSWORD_CHARACTERS = 12
#: Passwords of examples.
WELL_KNOWN = {
    "admin", "changeme", "guest", "mongo", "password", "postgres", "redis", "root", "scriptorium",
    "secret",
}  # fmt: skip


@checks.register(Tags.security, deploy=True)
def hosts_check(**_: object) -> list[CheckMessage]:
    """Warn of a site that accepts any host name."""
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    text = 'ALLOWED_HOSTS has "*": the sender of a request chooses the name of the site.'
    return [checks.Warning(text, hint="Name the site's hosts.", id="core.W001")]


@checks.register(Tags.security, deploy=True)
def passwords_check(**_: object) -> list[CheckMessage]:
    """Warn of services on other machines without a password, or with one that can be guessed."""
    urls = {
        "DATABASE_URL": _database_url(),
        "MONGODB_URL": settings.MONGODB_URL,
        "REDIS_URL": settings.REDIS_URL,
        "CELERY_BROKER_URL": settings.CELERY_BROKER_URL,
    }
    problems = ((name, _password_problem(url)) for name, url in urls.items())
    return [
        checks.Warning(f"{name} {problem}.", hint="Give the service a long one.", id="core.W002")
        for name, problem in problems
        if problem
    ]


def _database_url() -> str:
    database = settings.DATABASES["default"]
    return f"postgres://{database['USER']}:{database['PASSWORD']}@{database['HOST']}"


def _password_problem(url: str) -> str:
    """Return the problem of a URL's password, empty for none and for a local service."""
    credentials, _, hosts = urlsplit(url).netloc.rpartition("@")
    if all(_is_local(host) for host in hosts.split(",")):
        return ""
    password = unquote(credentials.partition(":")[2])
    if not password:
        return "has no password"
    if password.casefold() in WELL_KNOWN:
        return "has a password out of an example"
    if len(password) < PASSWORD_CHARACTERS:
        return f"has a password of less than {PASSWORD_CHARACTERS} characters"
    return ""


def _is_local(host: str) -> bool:
    return host.startswith(("localhost", "127.", "[::1]", "/")) or not host
