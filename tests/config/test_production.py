"""The production settings, in a separate process."""

from tests.core.processes import get_all, run_python

PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "config.settings.production",
    "SECRET_KEY": "0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "ALLOWED_HOSTS": "localhost",
}
TLS = {"x-forwarded-proto": "https"}


def test_production_passes_the_deployment_check() -> None:
    """Without a warning; the settings give the reasons for the two silenced checks."""
    words = ("manage.py", "check", "--deploy", "--fail-level", "WARNING")
    done = run_python(*words, **PRODUCTION)
    assert done.returncode == 0, done.stderr
    assert "no issues (2 silenced)" in done.stdout


def test_deployment_check_warns_of_a_weak_secret_and_of_debug() -> None:
    """The check reads the actual settings."""
    words = ("manage.py", "check", "--deploy", "--fail-level", "WARNING")
    done = run_python(*words, **{**PRODUCTION, "SECRET_KEY": "short", "DEBUG": "true"})
    assert done.returncode != 0
    assert "security.W009" in done.stderr
    assert "security.W018" in done.stderr


def test_production_redirects_to_tls_and_sets_security_headers() -> None:
    """HSTS and the content security policy; the login page shows no demo users."""
    (status, headers, _), (page_status, page_headers, text) = get_all(
        ("/login/", {}), ("/login/", TLS), **PRODUCTION
    )
    assert (status, headers["Location"]) == (301, "https://localhost/login/")
    assert page_status == 200
    assert int(page_headers["Strict-Transport-Security"].removeprefix("max-age=")) >= 31_536_000
    policy = page_headers["Content-Security-Policy"].split("; ")
    assert {source for directive in policy for source in directive.split()[1:]} == {
        "'self'",
        "'none'",
        "data:",
    }
    assert [directive for directive in policy if "data:" in directive] == ["img-src 'self' data:"]
    assert "script-src 'self'" in policy
    assert page_headers["X-Frame-Options"] == "DENY"
    assert "grace" not in text


def test_probes_answer_by_plain_http() -> None:
    """A load balancer sends them to the process itself."""
    answers = get_all(("/healthz", {}), ("/readyz", {}), ("/metrics", {}), **PRODUCTION)
    assert [status for status, _, _ in answers] == [200, 200, 200]


def test_production_serves_static_files_without_collecting_them() -> None:
    """Ours and those of packages."""
    paths = ("css/base.css", "rest_framework/css/default.css", "admin/css/base.css")
    for status, headers, _ in get_all(*((f"/static/{path}", TLS) for path in paths), **PRODUCTION):
        assert status == 200
        assert headers["Cache-Control"] == "no-cache"
