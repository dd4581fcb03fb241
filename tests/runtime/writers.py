"""Load for the fault rounds, each in a process of its own, and what was acknowledged, line by line in a file.

    python -m tests.runtime.writers setup  SUBJECTS         prints the ids of subjects that may be written
    python -m tests.runtime.writers save   FILE ID ID …     saves those subjects' adverse event for ever, through the service
    python -m tests.runtime.writers signin FILE ADDRESS     signs in by HTTP for ever
    python -m tests.runtime.writers verify FILE FILE …      prints what was acknowledged and is not there; status 1 if any

A line is written after the answer came: what is in the file was acknowledged.
"""

import json
import os
import sys
import time
import urllib.error
from http.client import HTTPException
from http.cookiejar import CookieJar
from itertools import count
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, ProxyHandler, build_opener

import django

FORM = "AE"
NAME, PASSWORD = "killed", "correct-horse-battery"


class Acknowledged:
    def __init__(self, path: str) -> None:
        self.file = Path(path).open("a", buffering=1)  # noqa: SIM115

    def add(self, **what) -> None:
        self.file.write(json.dumps(what) + "\n")


def setup(subjects: str) -> None:
    from apps.accounts.models import User
    from tests import small

    study = small.publish_small()
    User.objects.create_user(NAME, email="killed@example.org", password=PASSWORD, full_name="Killed Nine")
    ready = [small.screened(small.site_of(study)) for _ in range(int(subjects))]
    for subject in ready:
        small.consent(subject)
    print(*[subject.pk for subject in ready])


def save(path: str, *subjects: str) -> None:
    """One value after the other; after an error it reads where the record stands, as a person would."""
    from django.db import Error, connection

    from apps.common.errors import DomainError

    told = Acknowledged(path)
    revisions = dict.fromkeys(map(int, subjects), 0)
    for number in count(1):
        for subject in revisions:
            try:
                revisions[subject] = save_one(subject, f"value {number}", revisions[subject], told)
            except (Error, DomainError):
                connection.close()
                time.sleep(0.05)
                revisions[subject] = revision_now(subject, revisions[subject])


def save_one(subject: int, value: str, revision: int, told: Acknowledged) -> int:
    from apps.capture.places import RecordRef
    from apps.capture.services import save_record
    from apps.common.actors import SYSTEM

    record = save_record(SYSTEM, RecordRef(subject, FORM), {"AETERM": value}, revision)
    told.add(record=record.pk, revision=record.revision, value=value)
    return record.revision


def revision_now(subject: int, believed: int) -> int:
    from django.db import Error, connection

    from apps.capture.models import FormRecord

    try:
        found = FormRecord.objects.filter(subject_id=subject, form_oid=FORM).values_list("revision", flat=True).first()
    except Error:
        connection.close()
        return believed
    return found or 0


def signin(path: str, address: str) -> None:
    told = Acknowledged(path)
    while True:
        try:
            told.add(session=session_of(address))
        except (OSError, HTTPException, LookupError):
            # the server is being killed: nothing was acknowledged
            time.sleep(0.1)
        # the sign-in page refuses more than 120 a minute from one address
        time.sleep(0.6)


def session_of(address: str) -> str:
    jar = CookieJar()
    opener = build_opener(ProxyHandler({}), HTTPCookieProcessor(jar))
    page = address + "/account/login/"
    opener.open(page, timeout=10).read()
    token = next(cookie.value for cookie in jar if cookie.name == "csrftoken")
    body = urlencode({"login": NAME, "password": PASSWORD, "csrfmiddlewaretoken": token}).encode()
    try:
        opener.open(page, body, timeout=10).read()
    except urllib.error.HTTPError as error:
        # where the home page is not for this person, the sign-in itself was answered before it
        error.close()
    found = {cookie.name: cookie.value for cookie in jar}
    return found["session"]


def verify(*paths: str) -> None:
    rows = [json.loads(line) for path in paths for line in Path(path).read_text().splitlines()]
    missing = [row for row in rows if not is_there(row)]
    kinds = {kind: sum(kind in row for row in rows) for kind in ("record", "session")}
    print(json.dumps({"acknowledged": kinds, "missing": missing}))
    sys.exit(bool(missing))


def is_there(row: dict) -> bool:
    from django.contrib.sessions.models import Session

    from apps.capture.models import FormRecord, RecordRevision

    if "session" in row:
        return Session.objects.filter(session_key=row["session"]).exists()
    saved = RecordRevision.objects.filter(record_id=row["record"], revision=row["revision"]).first()
    newest = FormRecord.objects.get(pk=row["record"]).revision
    return saved is not None and saved.data["AETERM"] == row["value"] and newest >= row["revision"]


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trialcapture.settings")
    django.setup()
    {"setup": setup, "save": save, "signin": signin, "verify": verify}[sys.argv[1]](*sys.argv[2:])
