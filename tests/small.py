"""A small trial for tests of subjects, visits, enrolment, randomization and the casebook: two arms, two sites.

`publish_small()` publishes it, `person` gives an actor with a role, `enter` fills a form as a set-up (not through the
write path), `ready` takes a subject to where it may be enrolled.
"""

from contextlib import contextmanager
from datetime import date, timedelta
from itertools import count

import pytest
from django.db import transaction

from apps.accounts.models import User
from apps.capture.models import FormRecord
from apps.common.actors import SYSTEM, Actor
from apps.common.errors import DomainError
from apps.enrolment import services as enrolment
from apps.randomization import services as randomization
from apps.studies.definition import StudyDefinition
from apps.studies.models import Membership, Site, SiteVersion, Study
from apps.studies.protocol import protocol_for_site
from apps.studies.services import publish
from apps.subjects.selectors import today_at
from apps.subjects.services import set_milestone
from apps.visits.services import replan

R = {"source": "record"}
numbers = count(1)
LONG_AGO = date(2024, 1, 1)


@contextmanager
def refused(code):
    """The block is refused with this code, and the test's own transaction goes on."""
    with pytest.raises(DomainError) as found, transaction.atomic():
        yield found
    assert found.value.code == code


def item(oid, type="text", **more):
    return {"oid": oid, "type": type, "label": {"en": more.pop("label", oid.title()), "zh": oid}} | more


def form(oid, *items, **more):
    title = {"en": f"Form {oid}", "zh": oid}
    return {"oid": oid, "title": title, "groups": [{"oid": f"{oid}G", "items": list(items)}]} | more


def visit(code, anchor, at, window=("-3d", "+3d"), forms=("VS",), **more):
    place = {"anchor": anchor, "at": at, "window": window, "window_source": "assumption"} if anchor else {}
    return {"code": code, "label": {"en": f"Visit {code}", "zh": code}, "forms": list(forms)} | place | R | more


def small_definition(**changes):
    """Blocks of 2 and 4, strata by KMP; visit H1 only in HIGH, visit KM only with KMP; the outcome assessor is blinded."""
    return {
        "study": "small",
        "title": {"en": "Small trial", "zh": "小试验"},
        "sponsor": {"en": "Nobody", "zh": "无"},
        "registry": {"id": "NCT00000000", "source": "record"},
        "target": 100,
        "ctcae": {"version": "5.0"} | R,
        "arms": [
            {"code": "HIGH", "type": "experimental", "label": {"en": "High dose", "zh": "高"}} | R,
            {"code": "LOW", "type": "active_comparator", "label": {"en": "Low dose", "zh": "低"}} | R,
        ],
        "randomization": {"method": "permuted_blocks", "block_sizes": [2, 4], "strata": ["KMP"], "list_length": 12} | R,
        "blinding": {"blinded": ["outcome_assessor"], "source": "record"},
        "eligibility": [
            {"code": "I01", "kind": "inclusion", "text": {"en": "Under 12 years", "zh": "小"}, "rule": "AGE < 12"} | R,
            {"code": "I02", "kind": "inclusion", "text": {"en": "Shrunk by < 30 %", "zh": "缩"}, "rule": "SHRINK < 30"} | R,
            {"code": "E01", "kind": "exclusion", "text": {"en": "Other disease", "zh": "病"}, "rule": "OTHER"} | R,
            {"code": "E02", "kind": "exclusion", "text": {"en": "Shrunk by > 30 %", "zh": "缩"}, "rule": "SHRINK > 30"} | R,
        ],
        "questions": [
            {
                "code": "Q01",
                "about": ["I02", "E02"],
                "text": {"en": "Exactly 30 % is neither included nor excluded.", "zh": "问"},
                "when": "SHRINK == 30",
                "effect": "not_assessable",
            }
        ],
        "visits": [
            visit("SCR", "consent", "0 days", ("-0d", "+28d"), ("DM", "IC", "DX")),
            visit("D0", "randomization", "0 days", ("-0d", "+3d")),
            visit("M1", "randomization", "1 month"),
            visit("H1", "randomization", "2 months", arm="HIGH"),
            visit("KM", "randomization", "2 weeks", when="KMP"),
            visit("UNS", None, None, kind="unscheduled"),
        ],
        "log_forms": ["AE"],
        "forms": [
            form("DM", item("BRTHDAT", "date"), item("AGE", "integer")),
            form("IC", item("RFICDAT", "date", milestone="consent")),
            form("DX", item("KMP", "yesno"), item("SHRINK", "decimal", decimals=1), item("OTHER", "yesno")),
            form("VS", item("WEIGHT", "decimal", decimals=1, unit="kg", required=True)),
            form("AE", item("AETERM"), repeating=True),
        ],
        "sites": [
            {"code": "01", "name": {"en": "First", "zh": "一"}, "subject_pattern": "{site}-{seq:03d}"},
            {"code": "02", "name": {"en": "Second", "zh": "二"}, "time_zone": "Europe/Berlin"},
        ],
    } | changes


def single_arm(**changes):
    definition = small_definition(study="single", **changes)
    definition["arms"] = definition["arms"][:1]
    definition["visits"] = [v for v in definition["visits"] if v["anchor" if "anchor" in v else "code"] != "randomization"]
    definition["visits"].insert(1, visit("D0", "first_dose", "0 days"))
    return definition | {"randomization": None}


def publish_small(definition=None, **changes):
    """The study, published, in force at both sites since long ago."""
    version = publish(SYSTEM, StudyDefinition.model_validate(definition or small_definition(**changes)))
    SiteVersion.objects.filter(version=version).update(active_from=LONG_AGO)
    return Study.objects.select_related("version").get(pk=version.study_id)


def site_of(study, code="01"):
    return Site.objects.select_related("study__version").get(study=study, code=code)


def user(study=None, role=None, site=None):
    number = next(numbers)
    made = User.objects.create(
        username=f"{role or 'outsider'}{number}", email=f"u{number}@example.org", full_name=f"Person {number}"
    )
    if role:
        Membership.objects.create(user=made, study=study, site=site, role=role)
    return made


def actor_of(user):
    return Actor(user_id=user.pk, name=user.full_name)


def person(study=None, role=None, site=None):
    return actor_of(user(study, role, site))


def screened(site, on=None):
    on = on or today_at(site) - timedelta(days=7)
    return enrolment.screen(SYSTEM, site, on)


def enter(subject, oid, visit="SCR", **values):
    """The form's record with these values, made or changed."""
    protocol = protocol_for_site(subject.site)
    where = subject.visits.get(code=visit, cycle__lte=1, occurrence=1) if visit else None
    record, _ = FormRecord.objects.get_or_create(
        subject=subject,
        visit=where,
        form_oid=oid,
        defaults={
            "study_id": subject.study_id,
            "form_id": protocol.forms[oid].form_id,
            "version_id": protocol.version_id,
            "revision": 1,
            "status": "complete",
        },
    )
    record.data = record.data | values
    record.save()
    return record


def consent(subject, on=None):
    set_milestone(SYSTEM, subject, "consent", on or today_at(subject.site) - timedelta(days=5))
    replan(SYSTEM, subject)


def eligible(subject, **values):
    """Consented, and all criteria met unless `values` say otherwise."""
    consent(subject)
    enter(subject, "DM", AGE=values.pop("AGE", "3"))
    enter(subject, "DX", **({"KMP": "Y", "SHRINK": "12.5", "OTHER": "N"} | values))
    return subject


def confirmed(subject, **values):
    eligible(subject, **values)
    enrolment.confirm_eligibility(SYSTEM, subject)
    return subject


def enrolled(subject, **values):
    return enrolment.enrol_subject(SYSTEM, confirmed(subject, **values))


def live_scheme(study):
    return randomization.go_live(SYSTEM, randomization.create_scheme(SYSTEM, study))
