"""People at the pages, without a browser: log in and out by form, as a page does."""

import re

import requests

from tests.support.launcher import PASSWORD, Launched


def log_in(stack: Launched, username: str, password: str = PASSWORD) -> requests.Session:
    """Log in at the page; return the session with its cookies."""
    browser = requests.Session()
    form = browser.get(f"{stack.url}/login/", timeout=30).text
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
    assert found
    answer = browser.post(
        f"{stack.url}/login/",
        data={"username": username, "password": password, "csrfmiddlewaretoken": found.group(1)},
        timeout=30,
    )
    assert answer.url == f"{stack.url}/", answer.status_code
    return browser


def log_out(stack: Launched, browser: requests.Session) -> None:
    """Log out at the page."""
    answer = browser.post(f"{stack.url}/logout/", headers=_csrf(browser), timeout=30)
    assert answer.url == f"{stack.url}/login/"


def page_token(stack: Launched, browser: requests.Session) -> str:
    """Return the access token that a page of this session gets."""
    url = f"{stack.url}/api/v1/auth/token/session/"
    answer = browser.post(url, headers=_csrf(browser), timeout=30)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access"])


def _csrf(browser: requests.Session) -> dict[str, str]:
    return {"X-CSRFToken": browser.cookies["csrftoken"]}
