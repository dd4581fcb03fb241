"""Web servers to measure, and a client that keeps its connection and is signed in as a person."""

import http.client
import re
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from trialcapture.runtime.places import BASE_DIR
from trialcapture.runtime.stack import ask

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
WAIT = 60  # seconds until a server must answer


@contextmanager
def serving(stack, application: str = "trialcapture.wsgi", *, ready: str = "/readyz", offset: int = 0):
    """A gunicorn with the stack's own web settings and the web role's rights; yields its port."""
    port = stack.port + offset
    environ = stack.environ(BIND=f"127.0.0.1:{port}", TRIALCAPTURE_LOG_LEVEL="WARNING")
    environ.pop("DJANGO_SETTINGS_MODULE")
    environ["PYTHONPATH"] = str(BASE_DIR)
    command = [sys.executable, "-m", "gunicorn", "--config", "python:trialcapture.runtime.web", application]
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
        try:
            _wait(server, f"http://127.0.0.1:{port}{ready}", log)
            yield port
        finally:
            server.terminate()
            server.wait(20)


def _wait(server, url: str, log) -> None:
    deadline, said = time.monotonic() + WAIT, ""
    while time.monotonic() < deadline and server.poll() is None:
        ready, said = ask(url)
        if ready:
            return
        time.sleep(0.1)
    log.seek(0)
    raise RuntimeError(f"{url} does not answer: {said} {log.read().decode()[-2000:]}")


class Client:
    """One browser: a kept connection, cookies, the token of its forms."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.cookies: dict[str, str] = {"django_language": "en"}
        self.token = ""

    def sign_in(self, user) -> "Client":
        """A session as signing in leaves it; the password's cost is not what is measured."""
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = BACKEND
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session["seen"] = int(time.time()) + 3600  # activity is written once a minute: not within a measurement
        session.save()
        self.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
        return self

    def get(self, path: str, **headers: str) -> str:
        status, body = self._ask("GET", path, None, headers)
        if status != 200:
            raise RuntimeError(f"GET {path}: {status} {body[:500]}")
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', body)
        self.token = found[1] if found else self.token
        return body

    def post(self, path: str, values: dict[str, str], *, expect: int = 302, **headers: str) -> str:
        status, body = self._ask("POST", path, urlencode({"csrfmiddlewaretoken": self.token, **values}), headers)
        if status != expect:
            raise RuntimeError(f"POST {path}: {status} {re.sub('<[^>]*>', ' ', body)[:1500]}")
        return body

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> tuple[int, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {"Cookie": cookies, "Accept-Language": "en", **headers}
        if body is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request(method, path, body, sent)
        answer = self.connection.getresponse()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                self._keep(value)
        return answer.status, answer.read().decode()

    def _keep(self, cookie: str) -> None:
        name, value = cookie.split(";")[0].split("=", 1)
        if value.strip('"'):
            self.cookies[name] = value
        else:
            self.cookies.pop(name, None)
