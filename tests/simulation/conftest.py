"""Simulated studies, played once for all tests of a module and taken back afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from django.db import transaction

from apps.common.actors import SYSTEM, Actor
from apps.studies.definition import StudyDefinition
from apps.studies.models import Membership, Study
from apps.studies.protocol import get_protocol
from apps.studies.services import publish
from trialcapture.simulation.demo import prepare_study
from trialcapture.simulation.people import ensure_people
from trialcapture.simulation.running import Report, Run, simulate


@dataclass
class Played:
    study: Study
    report: Report

    def actor(self, role: str) -> Actor:
        held = Membership.objects.filter(study=self.study, role=role).select_related("user").order_by("id")[0]
        return Actor(held.user_id, held.user.full_name)


def play(definition: StudyDefinition, subjects: int, seed: int = 7) -> Played:
    study = publish(SYSTEM, definition, "for tests").study
    prepare_study(study, ensure_people())
    return Played(study, simulate(study, Run(seed=seed, subjects=subjects)))


@contextmanager
def taken_back(django_db_blocker) -> Iterator[None]:
    """The database for as long as the block lasts; nothing stays of what is written there."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)
    get_protocol.cache_clear()


@pytest.fixture(scope="module")
def blank(django_db_setup, django_db_blocker) -> Iterator[None]:
    with taken_back(django_db_blocker):
        yield
