"""A study made for measuring, and rows in bulk: written by SQL as the owner, because a benchmark is not a trial."""

import os

import psycopg
from django.urls import reverse

from apps.accounts.models import User
from apps.capture.places import RecordRef
from apps.capture.services import save_record
from apps.common.actors import SYSTEM, Actor
from apps.enrolment import services as enrolment
from apps.studies.definition import StudyDefinition
from apps.studies.models import Membership, Study
from apps.studies.services import publish
from apps.subjects.models import Subject
from apps.subjects.selectors import today_at

SOURCE = {"source": "assumption"}
PASSWORD = "correct-horse-battery"


def item(oid: str, kind: str = "decimal", **more) -> dict:
    return {"oid": oid, "type": kind, "label": {"en": f"Item {oid}", "zh": f"项目{oid}"}} | more


def wide_form(oid: str, prefix: str, count: int, *, computed: int = 0, checks: int = 0) -> dict:
    """``count`` items, of them ``computed`` computed ones; ``checks`` soft checks on the first items."""
    entered = [item(f"{prefix}{n:02d}", decimals=2) for n in range(count - computed)]
    for n in range(checks):
        rule = f"{prefix}{n:02d} <= {prefix}{n + 1:02d} * 1000"
        entered[n]["checks"] = [{"oid": f"C{prefix}{n:02d}", "rule": rule, "message": {"en": "Too large", "zh": "过大"}}]
    sums = [
        item(f"{prefix}{n:02d}", "computed", decimals=2, compute=f"{prefix}00 + {prefix}01 * {n}")
        for n in range(count - computed, count)
    ]
    return {"oid": oid, "title": {"en": oid, "zh": oid}, "groups": [{"oid": f"{oid}G", "items": entered + sums}]}


def visit(number: int, forms: list[str]) -> dict:
    window = {"anchor": "consent", "at": f"{number * 14} days", "window": ["-3d", "+3d"]}
    return (
        {"code": f"V{number:02d}", "label": {"en": f"Visit {number}", "zh": f"访视{number}"}, "forms": forms}
        | window
        | SOURCE
    )


def published(slug: str, *, visits: int = 30) -> Study:
    """Site 01, two arms, 30 visits of two forms: B (40 items, 3 computed, 10 checks) and E (25 items).

    At the second visit also L: 60 items, 10 computed, 20 checks.
    """
    consent = {
        "oid": "IC",
        "title": {"en": "Consent", "zh": "同意"},
        "groups": [{"oid": "ICG", "items": [item("RFICDAT", "date", milestone="consent"), item("OKAY", "yesno")]}],
    }
    definition = {
        "study": slug,
        "title": {"en": slug, "zh": slug},
        "sponsor": {"en": "Bench", "zh": "测"},
        "registry": {"id": "NONE", "source": "assumption"},
        "target": 20000,
        "ctcae": {"version": "5.0"} | SOURCE,
        "arms": [{"code": c, "type": "other", "label": {"en": c, "zh": c}} | SOURCE for c in ("A", "B")],
        "randomization": {"method": "permuted_blocks", "block_sizes": [4, 6], "list_length": 2000} | SOURCE,
        "blinding": {"blinded": []} | SOURCE,
        "eligibility": [
            {"code": "I01", "kind": "inclusion", "text": {"en": "x", "zh": "x"}, "rule": "OKAY == yes"} | SOURCE
        ],
        "visits": [visit(n, ["B", "E", *{0: ["IC"], 1: ["L"]}.get(n, [])]) for n in range(visits)],
        "log_forms": [],
        "forms": [
            consent,
            wide_form("B", "B", 40, computed=3, checks=10),
            wide_form("E", "E", 25),
            wide_form("L", "L", 60, computed=10, checks=20),
        ],
        "sites": [{"code": "01", "name": {"en": "Hospital", "zh": "医院"}}],
    }
    return publish(SYSTEM, StudyDefinition.model_validate(definition), "for measuring").study


def person(study: Study, role: str) -> tuple[User, Actor]:
    name = f"{role}-{study.slug}"
    user = User.objects.create_user(name, f"{name}@example.org", PASSWORD, full_name=name)
    Membership.objects.create(user=user, study=study, role=role)
    return user, Actor(user.pk, name)


def consented(study: Study, *, filled_visits: int = 10) -> Subject:
    """In the middle of the trial: consented, form E filled at the first visits."""
    site = study.sites.get()
    today = today_at(site)
    subject = enrolment.screen(SYSTEM, site, today)
    first = subject.visits.get(code="V00")
    save_record(SYSTEM, RecordRef(subject.pk, "IC", first.pk), {"RFICDAT": today.isoformat(), "OKAY": "Y"}, 0)
    for visit in subject.visits.order_by("position")[:filled_visits]:
        save_record(SYSTEM, RecordRef(subject.pk, "E", visit.pk), {f"E{n:02d}": f"{n}.50" for n in range(25)}, 0)
    return subject


def form_url(study: Study, subject: Subject, visit: str, form: str) -> str:
    place = subject.visits.get(code=visit)
    return reverse("casebook:form", args=[study.slug, subject.number, place.pk, form, 1])


def as_owner() -> psycopg.Connection:
    return psycopg.connect(os.environ["OWNER_DATABASE_URL"], autocommit=True)


SUBJECTS = """
INSERT INTO subjects_subject (study_id, site_id, number, status, screened_on, hold, created_at)
SELECT {study}, {site}, '01-' || lpad(n::text, 6, '0'), 'enrolled', '2024-01-01', '', now()
FROM generate_series(1, {count}) n
"""
VISITS = """
INSERT INTO visits_subjectvisit (study_id, subject_id, code, cycle, occurrence, position, target, earliest, latest, actual,
                                 status, status_reason, audience, hold)
SELECT {study}, s.id, 'V' || lpad(v::text, 2, '0'), 0, 1, v, date '2024-01-01' + v * 14, date '2024-01-01' + v * 14 - 3,
       date '2024-01-01' + v * 14 + 3, date '2024-01-01' + v * 14, 'in_progress', '', '', ''
FROM subjects_subject s, generate_series(0, {visits} - 1) v WHERE s.study_id = {study}
"""
RECORDS = """
INSERT INTO capture_formrecord (study_id, subject_id, visit_id, form_oid, form_id, version_id, repeat, status, revision,
                                data, changed, irrelevant, inactive, hold, created_at, updated_at)
SELECT {study}, v.subject_id, v.id, 'E', {form}, {version}, 1, 'complete', 1, {data}, '{{}}', '[]', false, '', now(), now()
FROM visits_subjectvisit v WHERE v.study_id = {study} ORDER BY v.id LIMIT {count}
"""


def fill(
    study: Study,
    *,
    subjects: int,
    visits: int = 30,
    records: int = 0,
    items: int = 25,
    value: str = "(random() * 1000)::numeric(8, 2)::text",
) -> None:
    """Subjects with all their visits, and ``records`` records of form E with its first ``items`` filled."""
    keys = {"study": study.pk, "site": study.sites.get().pk, "visits": visits, "version": study.version_id}
    form = study.forms.get(oid="E")
    oids = [entry["oid"] for entry in form.spec["groups"][0]["items"]][:items]
    data = "jsonb_build_object(" + ", ".join(f"'{oid}', {value}" for oid in oids) + ")"
    with as_owner() as connection:
        connection.execute(SUBJECTS.format(count=subjects, **keys))
        connection.execute(VISITS.format(**keys))
        if records:
            connection.execute(RECORDS.format(count=records, form=form.pk, data=data, **keys))
        connection.execute("ANALYZE")
