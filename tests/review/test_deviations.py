"""Deviations: what the system proposes from dates and criteria, what people report, and how one is settled."""

import csv
import io
from datetime import timedelta

import pytest
from django.db import transaction
from django.urls import reverse

from apps.audit.models import Event
from apps.common.actors import SYSTEM
from apps.common.errors import DomainError, Forbidden
from apps.review.models import Deviation
from apps.review.services import deviations as services
from apps.subjects.selectors import today_at
from apps.visits.services import mark_missed, record_visit_date, reopen_visit
from tests.journeys import enter, locked, randomized, screened


@pytest.fixture
def subject(site, personas):
    assert personas["monitor"]
    return randomized(site)


def proposed(subject, kind=None):
    found = Deviation.objects.filter(subject=subject, state="proposed")
    return found.filter(kind=kind) if kind else found


def dated(subject, code, days):
    visit = subject.visits.get(code=code)
    return record_visit_date(SYSTEM, visit, today_at(subject.site) + timedelta(days=days), reason="as in the source")


def test_it_works(site, personas, run_outbox):
    subject = screened(site, days_ago=60)
    dated(subject, "SCR", 0)  # 60 days after the consent; the window is 28
    run_outbox()
    deviation = proposed(subject, "window").get()
    assert "32 days outside its window" in deviation.text["en"] and deviation.text["zh"]
    monitor = personas["monitor"].actor
    services.confirm_deviation(monitor, deviation, severity="reportable")
    with pytest.raises(DomainError) as refusal, transaction.atomic():
        services.close_deviation(monitor, Deviation.objects.get())
    assert refusal.value.code == "incomplete"
    described = {"cause": "Holiday", "corrective_action": "Site was trained"}
    services.describe_deviation(monitor, Deviation.objects.get(), described)
    with pytest.raises(DomainError) as refusal, transaction.atomic():
        services.close_deviation(monitor, Deviation.objects.get())
    assert refusal.value.code == "not_reported"
    services.describe_deviation(monitor, Deviation.objects.get(), {"ethics_reported_on": today_at(site)})
    assert services.close_deviation(monitor, Deviation.objects.get()).state == "closed"
    services.reopen_deviation(monitor, Deviation.objects.get(), reason="The report came back.")
    actions = Event.objects.filter(object_type="review.deviation").order_by("seq").values_list("action", flat=True)
    steps = ["proposed", "confirmed", "described", "described", "closed", "reopened"]
    assert list(actions) == [f"review.deviation.{step}" for step in steps]


def test_a_corrected_date_takes_the_proposal_back(site, run_outbox):
    subject = screened(site, days_ago=60)
    dated(subject, "SCR", 0)
    run_outbox()
    dated(subject, "SCR", -59)
    run_outbox()
    assert Deviation.objects.get().state == "withdrawn"
    dated(subject, "SCR", -1)
    run_outbox()
    assert Deviation.objects.get().state == "proposed"


def test_what_a_person_has_judged_stays_judged(site, personas, run_outbox):
    subject = screened(site, days_ago=60)
    dated(subject, "SCR", 0)
    run_outbox()
    services.dismiss_deviation(personas["monitor"].actor, Deviation.objects.get(), reason="Agreed beforehand.")
    dated(subject, "SCR", -1)
    run_outbox()
    assert Deviation.objects.get().state == "dismissed"


def test_a_missed_visit(subject, run_outbox):
    visit = subject.visits.get(code="M1")
    mark_missed(SYSTEM, visit, reason="did not come")
    run_outbox()
    assert proposed(subject, "window").get().visit == visit
    reopen_visit(SYSTEM, visit, reason="came after all")
    run_outbox()
    assert not proposed(subject, "window").exists()


def test_data_before_the_consent(site, run_outbox):
    subject = screened(site, days_ago=5)
    dated(subject, "SCR", -6)
    run_outbox()
    assert proposed(subject, "consent").count() == 1


def test_a_dose_before_the_allocation_is_not_for_the_blinded(subject, personas, small_trial, run_outbox):
    before = (today_at(subject.site) - timedelta(days=1)).isoformat()
    enter(subject, "EC", ECSTDAT=before, ECDOSE="0.4", ECFREQ="BID")
    run_outbox()
    assert {one.audience for one in proposed(subject)} == {"unblinded"}
    address = reverse("review:deviations", args=[small_trial.slug])
    assert "first dose" in personas["monitor"].client.get(address).text
    seen = Deviation.objects.visible_to(personas["blinded"].actor, small_trial, is_blinded=True)
    assert not seen.exists()


def test_a_criterion_that_was_not_met_after_all(subject, run_outbox):
    run_outbox()
    assert not proposed(subject, "eligibility").exists()
    enter(subject, "DX", "SCR", SHRINK="45.0")
    run_outbox()
    assert proposed(subject, "eligibility").get().occasion.endswith(":I02")
    enter(subject, "DX", "SCR", SHRINK="12.5")
    run_outbox()
    assert Deviation.objects.get(kind="eligibility").state == "withdrawn"


def test_running_again_proposes_nothing_more(site, run_outbox):
    from apps.review.services.proposals import propose_from_dates

    subject = screened(site, days_ago=60)
    dated(subject, "SCR", 0)
    run_outbox()
    assert propose_from_dates(SYSTEM, subject) == []


# -- people


def reported(personas, site, who="coordinator", **more):
    return services.report_deviation(personas[who].actor, site, **({"kind": "procedure", "text": "Wrong tube."} | more))


def test_a_person_reports(site, personas):
    deviation = reported(personas, site, severity="major")
    assert (deviation.state, deviation.severity, deviation.text) == ("open", "major", {"en": "Wrong tube."})


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"text": " "}, "text_required"),
        ({"text": "x" * 5000}, "text_required"),
        ({"text": "\0"}, "text_required"),
        ({"kind": "x"}, "unknown_kind"),
        ({"severity": "x"}, "unknown_kind"),
    ],
)
def test_bad_reports_are_refused(site, personas, more, code):
    assert personas["coordinator"]
    with pytest.raises(DomainError) as refusal, transaction.atomic():
        reported(personas, site, **more)
    assert refusal.value.code == code
    assert not Deviation.objects.exists()


def test_the_future_and_another_site_are_refused(site, second_site, personas):
    other = screened(second_site)
    assert personas["coordinator"]
    for more in ({"happened_on": today_at(site) + timedelta(days=2)}, {"subject": other}):
        with pytest.raises(DomainError), transaction.atomic():
            reported(personas, site, **more)


@pytest.mark.parametrize("who", ["coordinator", "site_staff", "outsider", "outcome_assessor"])
def test_who_may_not_judge(site, personas, who):
    deviation = reported(personas, site)
    with pytest.raises(Forbidden):
        services.dismiss_deviation(personas[who].actor, deviation, reason="x")


def test_a_lock_stops_it_and_says_who(subject, personas):
    deviation = reported(personas, subject.site, subject=subject)
    locked(subject, personas["data_manager"].actor)
    with pytest.raises(DomainError) as refusal, transaction.atomic():
        services.dismiss_deviation(personas["monitor"].actor, deviation, reason="x")
    assert refusal.value.code == "held" and personas["data_manager"].user.full_name in str(refusal.value)


def test_an_open_one_stands_in_the_close_out_list(subject, personas):
    from apps.review.selectors.closing import check_list

    reported(personas, subject.site, subject=subject)
    assert {line.code: line.number for line in check_list(subject)}["deviations"] == 1


# -- pages


def test_the_pages(site, personas, small_trial):
    client = personas["coordinator"].client
    new = reverse("review:deviation_new", args=[small_trial.slug])
    bad = client.post(new, {"site": site.pk, "kind": "other", "severity": "minor", "text": "", "subject": "99-999"})
    assert bad.status_code == 422 and "99-999" in bad.text
    assert client.post(new, {"site": site.pk, "kind": "other", "severity": "minor", "text": "Lost."}).status_code == 302
    one = Deviation.objects.get()
    page = reverse("review:deviation", args=[small_trial.slug, one.pk])
    monitor = personas["monitor"].client
    assert "Lost." in monitor.get(page).text
    typed = {"describe-severity": "major", "describe-cause": "Flood", "describe-ethics_reported_on": "soon"}
    refused = monitor.post(f"{page}describe/", typed)
    assert refused.status_code == 422 and "Flood" in refused.text
    typed |= {"describe-ethics_reported_on": "", "describe-corrective_action": "Copied"}
    assert monitor.post(f"{page}describe/", typed).status_code == 302
    assert monitor.post(f"{page}close/").status_code == 302
    one.refresh_from_db()
    assert (one.state, one.cause) == ("closed", "Flood")
    assert personas["other_site"].client.get(page).status_code == 404


def test_the_list_filters_and_the_file_is_the_list(site, second_site, personas, small_trial):
    first = reported(personas, site, severity="major", text="=1+1")
    second = services.report_deviation(SYSTEM, second_site, kind="consent", text="Old version.")
    services.dismiss_deviation(SYSTEM, second, reason="none")
    client = personas["monitor"].client
    address = reverse("review:deviations", args=[small_trial.slug])
    shown = {
        "": {first},
        "?state=all": {first, second},
        "?state=dismissed": {second},
        "?state=all&kind=consent": {second},
        "?severity=major": {first},
        "?state=all&site=02": {second},
        "?subject=99": set(),
        "?state=x&kind=x&severity=x&site=%00": {first},
    }
    for query, expected in shown.items():
        assert set(client.get(address + query).context["page"].rows) == expected, query
    response = client.post(reverse("review:deviations_export", args=[small_trial.slug]) + "?state=all")
    rows = list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))
    assert [row["TEXT"] for row in rows] == ["'=1+1", "Old version."]
    assert set(personas["coordinator"].client.get(address + "?state=all").context["page"].rows) == {first}
