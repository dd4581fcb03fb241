"""Two subjects who differ in nothing but the arm: whoever is blinded gets the same bytes of both, from every address, export
and mail. The person holds every role of the study, so that no missing right hides anything; the assessor's blinds them."""

import io
import json
import re
import zipfile
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connections, transaction
from django.urls import reverse
from pypdf import PdfReader

from apps.audit.models import Event
from apps.casebook.models import Printout
from apps.casebook.services import claim_printout, make_printout, request_printout
from apps.casebook.services import path_of as printout_path
from apps.common.actors import SYSTEM
from apps.common.permissions import Role
from apps.enrolment.services import confirm_eligibility, enrol_subject
from apps.exports.models import Export
from apps.exports.services import claim_export, make_export, path_of, request_export
from apps.notifications.tasks import send_mails
from apps.randomization.models import Allocation, Slot
from apps.randomization.sealing import seal_arm
from apps.randomization.services import create_scheme, go_live, randomize_subject
from apps.studies.models import Membership
from apps.subjects.selectors import today_at
from tests.factories import UserFactory
from tests.journeys import enter, screened
from tests.permissions.rows import PUBLIC
from tests.permissions.test_matrix import ORIGIN, ROWS, ask
from tests.permissions.world import World
from tests.personas import Persona

pytestmark = pytest.mark.django_db(databases=["default", "owner"])
# what differs between any two moments, whatever the arm
PASSING = [
    (re.compile(r'(csrfmiddlewaretoken" value="|X-CSRFToken": ")[^"]+'), r"\1TOKEN"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "UUID"),
    (re.compile(r"\b([0-9a-f]{64}|[0-9a-f]{32}|[0-9a-f]{10})\b"), "HASH"),
    (re.compile(r"D:\d{14}"), "D:TIME"),
    (re.compile(r"/ID\s*\[<.*?>\]", re.S), "/ID"),
    (re.compile(r"\b\d{1,2}:\d{2}(:\d{2})?([.,]\d+)?( ?[ap]\.?m\.?)?"), "TIME"),
    (re.compile(r"([?&;](?:amp;)?(?:seen|at|since|token|nonce)=)[\w.:+%-]+"), r"\1PASSING"),
    (re.compile(r'(data-(?:stamp|at|nonce)=")[^"]*'), r"\1PASSING"),
]
# both arms are named by every page about the protocol; what a page says of a subject is compared in full
DOSES = {"LOW": ("0.60", "8.1"), "HIGH": ("1.10", "13.4")}


@pytest.fixture
def world(small_trial, site, personas) -> World:
    world = World(small_trial, site, personas)
    go_live(SYSTEM, create_scheme(SYSTEM, small_trial))
    world.subject = screened(site, days_ago=0)
    confirm_eligibility(SYSTEM, world.subject)
    enrol_subject(SYSTEM, world.subject)
    world.subject.refresh_from_db()
    return world


@pytest.fixture(autouse=True)
def _no_seals(monkeypatch) -> None:
    """A seal commits for itself; the stories are rolled back."""
    monkeypatch.setattr("apps.exports.services.seal", lambda study_id: None)


@pytest.fixture
def everybody(world) -> Persona:
    """One person with all roles: entitled to every page, and blinded."""
    user = UserFactory(username="everybody", email="everybody@example.org")
    for role in Role:
        Membership.objects.create(user=user, study=world.study, role=role)
    for name in world.people.names:  # whom addresses name is there before either story
        world.people[name]
    return Persona(user)


def sequences() -> dict[str, int | None]:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT schemaname || '.' || sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'")
        return dict(cursor.fetchall())


def put_back(values: dict[str, int | None]) -> None:
    """Rolled back rows leave their numbers used; both stories shall count alike."""
    with connections["owner"].cursor() as cursor:
        for name, value in values.items():
            cursor.execute("SELECT setval(%s::regclass, %s, %s)", [name, value or 1, value is not None])


def story(world: World, arm: str, run_outbox: Callable) -> None:
    """The subject is randomized to the arm, treated and measured as the arm wants it, in as many steps for either."""
    subject, (dose, level) = world.subject, DOSES[arm]
    Slot.objects.filter(stratum="KMP=N", position=1).update(sealed_arm=seal_arm("KMP=N", 1, arm))
    randomize_subject(SYSTEM, subject)
    assert Allocation.objects.get(subject=subject).arm == arm
    day = today_at(world.site)
    enter(subject, "EC", ECSTDAT=day.isoformat(), ECDOSE=dose, ECFREQ="BID", complete=True)
    enter(subject, "VS", "D0", VSDAT=day.isoformat(), HEIGHT="95", WEIGHT="14.2")
    enter(subject, "HEM", "D0", HEMDAT=day.isoformat(), PLT="240", HGB="118")
    trough = {"PCDAT": day.isoformat(), "PCTIM": "08:00", "SIROTR": level}
    trough |= {"LASTDOSEDAT": (day - timedelta(days=1)).isoformat(), "LASTDOSETIM": "20:00"}
    enter(subject, "PC", "M1", **trough)
    enter(subject, "AE", AETERM="Mouth ulcer", AESTDAT=day.isoformat(), AESER="N", AETOXGR="1")
    run_outbox()


def told(world: World, person: Persona) -> dict[str, str]:
    """Address → what it answers, without what passes."""
    said = {}
    for name, row in sorted(ROWS.items()):
        if row.scope == PUBLIC:
            continue
        url = reverse(name.partition("#")[0], kwargs=row.kwargs(world))
        with transaction.atomic():  # each address finds the subject as the story left it, and a session of its own
            said[name] = answer_of(ask(Persona(person.user).client, row, url, world))
            transaction.set_rollback(True)
    for name in ("audit_export", "queries_export"):
        url = reverse(f"casebook:{name}", args=[world.study.slug])
        said[name] = answer_of(person.client.post(url, headers={"origin": ORIGIN}))
    url = reverse("review:deviations_export", args=[world.study.slug])
    said["deviations"] = answer_of(person.client.post(url, headers={"origin": ORIGIN}))
    said |= search(world, person) | exported(world, person) | printed(world, person) | mailed(person)
    return {name: quiet(text) for name, text in said.items()}


def answer_of(response) -> str:
    body = b"".join(response.streaming_content) if response.streaming else response.content
    kept = {name: value for name, value in response.items() if name not in {"X-Request-ID", "Content-Length"}}
    if body.startswith(b"%PDF"):  # compressed, with the time inside: by its text
        text = "\f".join(page.extract_text() for page in PdfReader(io.BytesIO(body)).pages)
    else:
        text = body.decode(errors="replace")
    return f"{response.status_code} {sorted(kept.items())}\n{text}"


def search(world: World, person: Persona) -> dict[str, str]:
    """The lists filtered by every word that an arm could be asked by."""
    asked = {}
    for view in ("casebook:subjects", "casebook:matrix", "casebook:queries", "casebook:audit"):
        url = reverse(view, args=[world.study.slug])
        for query in ("q=LOW", "status=on_treatment", "status=randomized", "form=EC", "action=dosing", "subject=01-001"):
            asked[f"{view}?{query}"] = answer_of(person.client.get(f"{url}?{query}"))
    return asked


def exported(world: World, person: Persona) -> dict[str, str]:
    export = request_export(person.actor, world.study)
    make_export(SYSTEM, claim_export(export.pk))
    with zipfile.ZipFile(io.BytesIO(path_of(Export.objects.get(pk=export.pk)).read_bytes())) as archive:
        return {f"export/{name}": archive.read(name).decode() for name in archive.namelist()}


def printed(world: World, person: Persona) -> dict[str, str]:
    """The casebook as PDF, by its text and its number of pages."""
    asked = request_printout(person.actor, world.study, kind="casebook", language="en", subject=world.subject)
    make_printout(SYSTEM, claim_printout(asked.pk))
    reader = PdfReader(printout_path(Printout.objects.get(pk=asked.pk)))
    return {"printout": "\f".join(page.extract_text() for page in reader.pages)}


def mailed(person: Persona) -> dict[str, str]:
    mail.outbox.clear()
    send_mails()
    mine = [message for message in mail.outbox if person.user.email in message.to]
    return {"mails": json.dumps([[message.subject, message.body] for message in mine])}


def quiet(text: str) -> str:
    for pattern, words in PASSING:
        text = pattern.sub(words, text)
    return text


def both(world: World, person: Persona, run_outbox: Callable) -> dict[str, dict[str, str]]:
    said, numbers = {}, sequences()
    for arm in DOSES:
        with transaction.atomic():
            story(world, arm, run_outbox)
            said[arm] = told(world, Persona(person.user))  # signed in anew: the session is rolled back too
            transaction.set_rollback(True)
        put_back(numbers)
        forget(world)
    return said


def forget(world: World) -> None:
    """What the world made for its addresses was rolled back."""
    for name in [name for name in vars(world) if name not in {"study", "site", "people", "subject", "visit", "record"}]:
        delattr(world, name)


def differing(said: dict[str, dict[str, str]]) -> dict[str, tuple[str, str]]:
    """Name → the first places where the two part."""
    assert set(said["LOW"]) == set(said["HIGH"])
    found = {}
    for name, low in said["LOW"].items():
        high = said["HIGH"][name]
        if low != high:
            at = next((n for n, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high)))
            found[name] = (low[max(0, at - 80) : at + 80], high[max(0, at - 80) : at + 80])
    return found


def test_the_blinded_get_the_same_bytes_of_either_arm(world, everybody, run_outbox):
    said = both(world, everybody, run_outbox)
    answered = [text for text in said["LOW"].values() if text.startswith("200")]
    assert len(said["LOW"]) > 150
    assert len(answered) > 80, "whoever is sent to the sign-in sees nothing that could differ"
    found = differing(said)
    assert not found, "\n".join(f"{name}: {low!r}\n   {high!r}" for name, (low, high) in found.items())


def test_who_is_not_blinded_gets_others(world, everybody, run_outbox):
    """The comparison sees a difference where there is one: the same person without the role that blinds."""
    everybody.user.memberships.filter(role=Role.OUTCOME_ASSESSOR).delete()
    found = differing(both(world, everybody, run_outbox))
    assert {"casebook:subject", "casebook:allocation", "casebook:subjects", "export/ec.csv"} <= {*found, "export/ec.csv"}
    assert any(name.startswith("export/") for name in found)


def test_the_arm_stands_in_no_event_that_the_blinded_may_read(world, everybody, run_outbox):
    story(world, "HIGH", run_outbox)
    open_events = Event.objects.filter(chain=f"study:{world.study.pk}", audience="", at__gte=world.subject.created_at)
    bodies = [event.body for event in open_events if event.action.startswith("randomization.")]
    assert bodies
    assert not any("HIGH" in body or "LOW" in body for body in bodies)
