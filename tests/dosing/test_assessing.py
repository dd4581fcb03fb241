from datetime import timedelta

import pytest
from django.urls import reverse

from apps.common.actors import SYSTEM
from apps.dosing.models import TroughAssessment
from apps.dosing.services import assess_trough
from apps.randomization.selectors import arm_code
from apps.safety.models import Flag
from apps.subjects.selectors import today_at
from apps.visits.services import add_unscheduled
from tests.journeys import enter, randomized


@pytest.fixture
def subject(site):
    subject = randomized(site)
    enter(subject, "EC", ECSTDAT=today_at(site).isoformat(), ECDOSE="0.4", ECFREQ="BID")
    add_unscheduled(SYSTEM, subject, "UNS", today_at(site), reason="Level")
    return subject


def level(subject, value, *, hours=12):
    day = today_at(subject.site)
    taken = 22 - hours
    return enter(
        subject,
        "PC",
        "UNS",
        PCDAT=day.isoformat(),
        PCTIM="22:00",
        LASTDOSEDAT=(day if taken >= 0 else day - timedelta(days=1)).isoformat(),
        LASTDOSETIM=f"{taken % 24:02d}:00",
        SIROTR=value,
    )


def in_and_out(subject):
    """A level inside the subject's target, and one that is above both arms' targets."""
    return ("8.0" if arm_code(subject) == "LOW" else "12.0"), "17.0"


def test_it_works(subject, run_outbox):
    record = level(subject, in_and_out(subject)[1])
    run_outbox()
    found = TroughAssessment.objects.get(record=record)
    assert found.verdict == "above"
    assert found.target == {"LOW": "[7, 10]", "HIGH": "(10, 15]"}[arm_code(subject)]
    flag = Flag.objects.get(kind="trough_above")
    assert flag.audience == "unblinded"
    assert "17.0" in flag.text["en"]


def test_in_range_raises_no_flag(subject, run_outbox):
    level(subject, in_and_out(subject)[0])
    run_outbox()
    assert TroughAssessment.objects.get().verdict == "in_range"
    assert not Flag.objects.filter(kind__startswith="trough").exists()


def test_exactly_ten_is_in_for_low_and_out_for_high(subject, run_outbox):
    level(subject, "10.0")
    run_outbox()
    assert TroughAssessment.objects.get().verdict == {"LOW": "in_range", "HIGH": "below"}[arm_code(subject)]


def test_a_sample_too_soon_is_no_trough(subject, run_outbox):
    level(subject, "17.0", hours=3)
    run_outbox()
    assert TroughAssessment.objects.get().verdict == "not_a_trough"
    assert not Flag.objects.filter(kind__startswith="trough").exists()


def test_a_correction_is_assessed_again_and_the_handler_may_run_twice(subject, run_outbox):
    record = level(subject, "17.0")
    run_outbox()
    record = level(subject, in_and_out(subject)[0])
    run_outbox()
    assess_trough(SYSTEM, record)
    verdicts = list(TroughAssessment.objects.filter(record=record).order_by("pk").values_list("verdict", flat=True))
    assert verdicts == ["above", "in_range"]


def test_the_blinded_learn_nothing(subject, run_outbox, personas):
    level(subject, "17.0")
    run_outbox()
    page = personas["blinded"].client.get(reverse("safety:flags", args=[subject.study.slug]))
    assert page.status_code == 200
    assert "17.0" not in page.text
    assert "[7, 10]" not in page.text
