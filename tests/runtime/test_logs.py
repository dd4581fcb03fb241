"""Logs: one JSON object a line, with the request's id, and never a secret."""

import json
import logging
import subprocess
import sys

import pytest

from trialcapture import logs

SCRIPT = """
import logging, structlog
from trialcapture import logs
logs.configure("json", "INFO")
structlog.contextvars.bind_contextvars(request_id="r-1")
{words}
"""


def lines(words: str) -> list[dict]:
    done = subprocess.run([sys.executable, "-c", SCRIPT.format(words=words)], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_it_works():
    (line,) = lines("structlog.get_logger('apps.x').info('saved', record=7)")
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "saved", "record": 7, "level": "info", "logger": "apps.x", "request_id": "r-1"}


def test_the_standard_librarys_loggers_go_the_same_way():
    (line,) = lines("logging.getLogger('django.db').warning('slow %s', 'query')")
    assert (line["event"], line["request_id"], line["level"]) == ("slow query", "r-1", "warning")


def test_an_exception_is_one_line():
    words = "try:\n    1 / 0\nexcept ZeroDivisionError:\n    logging.getLogger('x').exception('failed')"
    (line,) = lines(words)
    assert "ZeroDivisionError" in line["exception"]


def test_below_the_level_nothing_is_said():
    assert lines("structlog.get_logger('x').debug('detail'); logging.getLogger('y').debug('detail')") == []


@pytest.mark.parametrize(
    "name", ["password", "new_password", "SECRET_KEY", "csrftoken", "Authorization", "Cookie", "seal_key", "DATABASE_URL"]
)
def test_secrets_are_hidden_by_their_name_at_any_depth(name):
    hidden = logs.hide_secrets(None, "", {"event": "x", name: "hunter2", "data": {"rows": [{name: "hunter2"}]}})
    assert "hunter2" not in json.dumps(hidden)
    assert hidden["event"] == "x"


def test_the_password_in_a_url_is_cut_out_of_any_text():
    text = "could not connect to postgresql://web:p%40ss@db.example:5432/tc and redis://:other@cache/0"
    hidden = logs.hide_secrets(None, "", {"event": text})["event"]
    assert "p%40ss" not in hidden
    assert "other" not in hidden
    assert "web:[hidden]@db.example:5432/tc" in hidden


def test_what_is_no_secret_stays():
    event = {"event": "page /subjects/01-001: 3 forms", "items": ["PLT", 7.5], "at": "2024-05-01T10:00:00+08:00"}
    assert logs.hide_secrets(None, "", event) == event


def test_configuring_twice_writes_once(capfd):
    before = logging.root.handlers[:], logging.root.level
    try:
        logs.configure("json", "INFO")
        logs.configure("json", "INFO")
        logging.getLogger("x").info("once")
        assert capfd.readouterr().err.count("once") == 1
    finally:
        logging.root.handlers[:] = before[0]
        logging.root.setLevel(before[1])
        logs.configure("console", "WARNING")
