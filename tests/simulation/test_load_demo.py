"""The demonstration's data: only where it was asked for, and the same when it is asked for twice."""

from io import StringIO

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.test import RequestFactory

from apps.accounts.models import User
from apps.audit.models import Event
from apps.common.permissions import Role
from apps.labs.models import Laboratory, ReferenceRange
from apps.randomization.models import Scheme
from apps.studies.models import Membership
from apps.subjects.models import Subject
from trialcapture.simulation.people import PASSWORD, PEOPLE


@pytest.fixture
def demo(settings, tmp_path):
    settings.DEMO, settings.VAR_DIR = True, tmp_path
    return tmp_path / "demo-accounts.txt"


def load(subjects: int = 2) -> str:
    said = StringIO()
    call_command("load_demo", "--subjects", str(subjects), stdout=said)
    return said.getvalue()


def test_it_works(demo, small_trial):
    said = load()
    assert "small-trial: 2 subjects" in said
    assert "refused" not in said
    assert Subject.objects.filter(study=small_trial).count() == 2
    assert Scheme.objects.get(study=small_trial).live_at
    assert Laboratory.objects.filter(study=small_trial).count() == 2
    assert ReferenceRange.objects.filter(study=small_trial, analyte="PLT").exists()


def test_every_role_has_its_person_and_its_sign_in(demo, small_trial):
    load(0)
    held = set(Membership.objects.filter(study=small_trial).values_list("role", flat=True))
    assert held == {str(role) for role in Role}
    assert not Membership.objects.filter(user__is_operator=True).exists()
    lines = demo.read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(PEOPLE) + 1
    for line in lines:
        *_role, name, password = line.split()
        assert authenticate(RequestFactory().post("/"), username=name, password=password) is not None
    assert demo.stat().st_mode & 0o077 == 0


def test_a_second_time_changes_nothing(demo, small_trial):
    load()
    before = Event.objects.count(), User.objects.count(), Subject.objects.count()
    load()
    assert (Event.objects.count(), User.objects.count(), Subject.objects.count()) == before


@pytest.mark.parametrize("command", [["load_demo"], ["simulate", "small-trial", "--subjects", "1"]])
def test_no_known_passwords_on_a_real_server(small_trial, settings, command):
    settings.DEMO = False
    with pytest.raises(CommandError, match="TRIALCAPTURE_DEMO"):
        call_command(*command)
    assert not User.objects.exists()
    assert not Subject.objects.exists()


def test_simulate_needs_a_published_study(demo, db):
    with pytest.raises(CommandError, match="no published study nobody-knows"):
        call_command("simulate", "nobody-knows")


def test_simulate_goes_on_where_it_ended(demo, small_trial):
    said = StringIO()
    for _ in range(2):
        call_command("simulate", "small-trial", "--subjects", "1", stdout=said)
    assert Subject.objects.filter(study=small_trial).count() == 2
    assert "1 subjects in" in said.getvalue()
    assert PASSWORD not in said.getvalue()
