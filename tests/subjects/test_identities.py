"""The identification list: encrypted, for the site alone, each look in the ledger, its values nowhere else."""

import json
import zipfile

import pytest
from django.urls import reverse

from apps.audit.models import Event
from apps.common.actors import SYSTEM
from apps.common.errors import Forbidden, NotVisible
from apps.common.permissions import Role
from apps.exports.models import Export
from apps.exports.services import claim_export, make_export, path_of, request_export
from apps.subjects.identities import seal, unseal
from apps.subjects.models import Identity
from apps.subjects.selectors import today_at
from apps.subjects.services import transfer_subject
from apps.subjects.services.identities import record_identity, view_identities
from tests import small

pytestmark = pytest.mark.django_db
VALUES = {"name": "张小明", "contact": "13800138000", "hospital_number": "H-4711"}


@pytest.fixture
def study():
    return small.publish_small(identification_list=True)


@pytest.fixture
def site(study):
    return small.site_of(study)


@pytest.fixture
def coordinator(study, site):
    return small.person(study, Role.COORDINATOR, site)


@pytest.fixture
def subject(site):
    return small.eligible(small.screened(site))


def test_it_works(coordinator, site, subject):
    record_identity(coordinator, subject, VALUES)
    other = small.screened(site)
    assert view_identities(coordinator, site) == [(subject, VALUES), (other, dict.fromkeys(VALUES, ""))]
    record_identity(coordinator, subject, VALUES | {"contact": ""})
    assert view_identities(coordinator, site, subject) == [(subject, VALUES | {"contact": ""})]


def test_every_look_is_in_the_ledger_and_no_value_is(coordinator, site, subject):
    record_identity(coordinator, subject, VALUES)
    view_identities(coordinator, site)
    events = Event.objects.filter(action__startswith="subjects.identity")
    assert [event.action for event in events.order_by("seq")] == ["subjects.identity.recorded", "subjects.identity.viewed"]
    bodies = " ".join(Event.objects.values_list("body", flat=True))
    assert not any(value in bodies or json.dumps(value)[1:-1] in bodies for value in VALUES.values())


def test_what_is_stored_tells_nothing(coordinator, subject):
    record_identity(coordinator, subject, VALUES)
    first = bytes(Identity.objects.get().sealed)
    assert not any(value.encode() in first for value in VALUES.values())
    record_identity(coordinator, subject, VALUES | {"name": "李" * 100})
    assert len(bytes(Identity.objects.get().sealed)) == len(first)


def test_another_sites_key_or_subject_opens_nothing(study, site, subject):
    sealed = seal(site, subject.pk, VALUES)
    assert unseal(site, subject.pk, sealed) == VALUES
    for where, who in ((small.site_of(study, "02"), subject.pk), (site, subject.pk + 1)):
        with small.refused("unreadable_identity"):
            unseal(where, who, sealed)


def test_without_a_key_nothing_is_kept(coordinator, subject, settings):
    settings.ALLOCATION_KEY = ""
    with small.refused("identity_key"):
        record_identity(coordinator, subject, VALUES)


def test_only_the_sites_own_people(study, site, subject):
    everywhere = small.person(study, Role.COORDINATOR)
    elsewhere = small.person(study, Role.COORDINATOR, small.site_of(study, "02"))
    for actor in (
        everywhere,
        elsewhere,
        small.person(study, Role.MONITOR),
        small.person(study, Role.PHARMACIST, site),
        small.person(),
        SYSTEM,
    ):
        with pytest.raises(Forbidden):
            view_identities(actor, site)
        with pytest.raises(Forbidden):
            record_identity(actor, subject, VALUES)


def test_a_study_that_keeps_no_list_has_none():
    study = small.publish_small()
    site = small.site_of(study)
    with pytest.raises(NotVisible):
        view_identities(small.person(study, Role.COORDINATOR, site), site)


def test_what_cannot_be_kept(coordinator, subject):
    for values in ({"name": "x" * 201}, {"contact": "a\0b"}, {"hospital_number": "a\nb"}):
        with small.refused("too_long"):
            record_identity(coordinator, subject, VALUES | values)


def test_after_a_transfer_the_new_site_begins_its_own(study, site, subject, coordinator):
    record_identity(coordinator, subject, VALUES)
    second = small.site_of(study, "02")
    transfer_subject(SYSTEM, subject, second, today_at(site), reason="The family moved")
    subject.refresh_from_db()
    theirs = small.person(study, Role.COORDINATOR, second)
    assert view_identities(theirs, second) == [(subject, dict.fromkeys(VALUES, ""))]
    record_identity(theirs, subject, VALUES | {"name": "Zhang"})
    assert view_identities(theirs, second)[0][1]["name"] == "Zhang"
    assert view_identities(coordinator, site) == []


def test_no_export_holds_it(study, coordinator, subject, monkeypatch):
    record_identity(coordinator, subject, VALUES)
    monkeypatch.setattr("apps.exports.services.seal", lambda study_id: None)
    export = request_export(small.person(study, Role.DATA_MANAGER), study)
    make_export(SYSTEM, claim_export(export.pk))
    with zipfile.ZipFile(path_of(Export.objects.get(pk=export.pk))) as archive:
        whole = b"".join(archive.read(name) for name in archive.namelist())
    assert subject.number.encode() in whole
    assert not any(value.encode() in whole for value in VALUES.values())


def test_on_the_pages(client, study, site, subject):
    client.force_login(small.user(study, Role.COORDINATOR, site))
    entry, listed = (
        reverse("casebook:identity", args=["small", subject.number]),
        reverse("casebook:identities", args=["small", "01"]),
    )
    assert "Identification list of 01" in client.get(reverse("casebook:subjects", args=["small"])).content.decode()
    bad = client.post(entry, VALUES | {"contact": "x" * 300})
    assert bad.status_code == 422
    assert "张小明" in bad.content.decode()
    answer = client.post(entry, VALUES, follow=True)
    assert "H-4711" in answer.content.decode()
    page = client.get(listed)
    assert page["Cache-Control"] == "private, no-store"
    for name in ("casebook:subject", "casebook:eligibility"):
        html = client.get(reverse(name, args=["small", subject.number])).content.decode()
        assert not any(value in html for value in VALUES.values())
    client.force_login(small.user(study, Role.MONITOR))
    assert client.get(listed).status_code == 403
    assert client.get(entry).status_code == 403
    assert "Identification list" not in client.get(reverse("casebook:subjects", args=["small"])).content.decode()
    client.force_login(small.user(study, Role.COORDINATOR, small.site_of(study, "02")))
    assert client.get(listed).status_code == 404
