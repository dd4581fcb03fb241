"""The five registered trials are published, compiled and shown as they stand in fixtures/."""

from pathlib import Path

import pytest

from apps.common.actors import SYSTEM
from apps.studies.loading import load_study
from apps.studies.protocol import get_protocol
from apps.studies.services import publish
from tests.factories import MembershipFactory
from tests.personas import Persona

FILES = sorted((Path(__file__).resolve().parents[2] / "fixtures" / "studies").glob("*.yaml"))


@pytest.mark.django_db
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_works(path):
    loaded = load_study(path)
    assert loaded.problems == []
    version = publish(SYSTEM, loaded.definition, "as registered")
    protocol = get_protocol(version.pk)
    assert protocol.definition == loaded.definition
    assert version.study.sites.count() >= 2
    assert all(oid in protocol.forms for visit in protocol.visits for oid in protocol.forms_at(visit))
    persona = Persona(MembershipFactory(study=version.study, role="monitor").user)
    for language, title in (("en", loaded.definition.title.en), ("zh-hans", loaded.definition.title.zh)):
        response = persona.client.get(f"/studies/{path.stem}/", headers={"accept-language": language})
        assert response.status_code == 200
        assert title in response.content.decode()


def test_all_five_are_there():
    assert len(FILES) == 5
