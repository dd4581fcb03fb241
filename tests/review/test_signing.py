import pytest

from apps.common.errors import Forbidden
from apps.enrolment.services import confirm_eligibility
from apps.review.models import Signature
from apps.review.services import sign
from apps.review.services.signing import is_current
from tests.journeys import enter, screened


@pytest.fixture
def subject(site):
    return screened(site)


def records(subject):
    return list(subject.records.filter(form_oid__in=["DM", "DX", "IC", "ELIG"]).order_by("pk"))


def test_it_works(subject, personas):
    confirm_eligibility(personas["investigator"].actor, subject)
    signature = Signature.objects.get()
    assert signature.actor_name == personas["investigator"].user.full_name
    assert "criteria" in signature.meaning
    assert {line[0] for line in signature.signed} == {record.pk for record in records(subject)}
    assert is_current(signature, records(subject))


def test_21_cfr_11_70_a_change_breaks_it_even_when_reverted(subject, personas):
    confirm_eligibility(personas["investigator"].actor, subject)
    enter(subject, "DX", "SCR", SHRINK="13.0")
    enter(subject, "DX", "SCR", SHRINK="12.5")
    assert not is_current(Signature.objects.get(), records(subject))


@pytest.mark.parametrize("who", ["coordinator", "monitor", "other_site", "outsider"])
def test_who_may_not_sign(subject, personas, who):
    with pytest.raises(Forbidden):
        sign(personas[who].actor, subject, level="casebook", object_id=subject.pk, meaning="x", records=[])
