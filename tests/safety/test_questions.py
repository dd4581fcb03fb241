import pytest

from apps.audit.models import Event
from apps.common.actors import SYSTEM
from apps.enrolment import services as enrolment
from apps.safety.models import Flag
from apps.safety.services import flag_questions
from apps.studies.definition import Question
from apps.studies.definition.base import Text
from apps.subjects.selectors import today_at
from tests.factories import published_study, small_definition
from tests.journeys import enter

TEXT = Text(en="A child of exactly three is not provided for.", zh="恰满三岁未作规定。")


@pytest.fixture
def subject(db):
    question = Question(code="Q02", text=TEXT, when="PLT == 3", effect="flag")
    study = published_study(questions=[*small_definition().questions, question], study="asking-trial")
    site = study.sites.get(code="01")
    subject = enrolment.screen(SYSTEM, site, today_at(site))
    enter(subject, "IC", "SCR", RFICDAT=today_at(site).isoformat())
    return subject


def test_it_works(subject, run_outbox):
    enter(subject, "HEM", "SCR", HEMDAT=today_at(subject.site).isoformat(), PLT="3")
    run_outbox()
    flag = Flag.objects.get(kind="protocol_question")
    assert flag.text == TEXT.model_dump()
    assert Event.objects.filter(action="safety.flag.raised", object_id=flag.pk).count() == 1


def test_it_is_asked_once_a_subject_and_not_before_the_data_say_so(subject, run_outbox):
    enter(subject, "HEM", "SCR", PLT="4")
    run_outbox()
    assert not Flag.objects.filter(kind="protocol_question").exists()
    enter(subject, "HEM", "SCR", PLT="3")
    run_outbox()
    assert len(flag_questions(SYSTEM, subject)) == 1
    assert Flag.objects.filter(kind="protocol_question").count() == 1
