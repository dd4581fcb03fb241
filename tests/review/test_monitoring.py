"""Monitoring visits: planned, done, findings as actions and queries, the letter."""

import io
from datetime import timedelta

import pytest
from django.db import transaction
from django.urls import reverse
from pypdf import PdfReader

from apps.capture.models import Query
from apps.common.errors import DomainError, Forbidden
from apps.review.models import Finding, MonitoringVisit
from apps.review.services import mark_record
from apps.review.services import monitoring as services
from apps.subjects.selectors import today_at
from tests.journeys import screened


@pytest.fixture
def subject(site, personas):
    assert personas["monitor"]
    return screened(site)


@pytest.fixture
def visit(site, personas):
    actor = personas["monitor"].actor
    return services.plan_monitoring(actor, site, kind="routine", on=today_at(site), monitors="Wang Fang 王芳")


def test_it_works(subject, visit, site, personas):
    monitor, day = personas["monitor"].actor, today_at(site)
    record = subject.records.get(form_oid="DX")
    mark_record(monitor, record, record.revision, kind="sdv")
    action = services.add_action(monitor, visit, text="File the log.", assigned_role="coordinator", due_on=day)
    finding = services.add_query_finding(monitor, visit, record, item_oid="SHRINK", line_key="", text="12?", due_on=day)
    assert (finding.query.kind, finding.query.status) == ("verification", "open")
    services.finish_monitoring(monitor, visit, until=day, summary="All well.", subjects=[subject])
    services.do_action(personas["coordinator"].actor, action, how="Filed.")
    action.refresh_from_db()
    assert (action.state, action.done_by_name) == ("done", personas["coordinator"].user.full_name)
    assert MonitoringVisit.objects.get().state == "done"


@pytest.mark.parametrize(("language", "words"), [("en", "Letter after a monitoring visit"), ("zh-hans", "王芳")])
def test_the_letter(subject, visit, site, personas, small_trial, language, words):
    monitor, day = personas["monitor"].actor, today_at(site)
    record = subject.records.get(form_oid="DX")
    mark_record(monitor, record, record.revision, kind="sdv")
    services.add_action(monitor, visit, text="File the log.", assigned_role="coordinator", due_on=day)
    services.finish_monitoring(monitor, visit, until=day, summary="All well.", subjects=[subject])
    address = reverse("review:monitoring_letter", args=[small_trial.slug, visit.pk])
    response = personas["coordinator"].client.get(address, {"language": language})
    text = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(response.content)).pages)
    for one in (words, "File the log.", "All well.", subject.number, "2"):
        assert one in text, one


def test_the_pages(subject, visit, site, personas, small_trial):
    client = personas["monitor"].client
    page = reverse("review:monitoring_visit", args=[small_trial.slug, visit.pk])
    day = today_at(site).isoformat()
    typed = {"action-text": "Train.", "action-assigned_role": "coordinator", "action-due_on": "soon"}
    refused = client.post(f"{page}action/", typed)
    assert refused.status_code == 422 and "Train." in refused.text and not Finding.objects.exists()
    assert client.post(f"{page}action/", typed | {"action-due_on": day}).status_code == 302
    finish = {"finish-until": day, "finish-summary": "Good.", "finish-subjects": f"{subject.number}, 99-999"}
    refused = client.post(f"{page}finish/", finish)
    assert refused.status_code == 422 and "99-999" in refused.text
    assert client.post(f"{page}finish/", finish | {"finish-subjects": subject.number}).status_code == 302
    finding = Finding.objects.get()
    done = reverse("review:monitoring_done", args=[small_trial.slug, visit.pk, finding.pk])
    assert personas["coordinator"].client.post(done, {"how": ""}).status_code == 422
    assert personas["coordinator"].client.post(done, {"how": "Trained."}).status_code == 302
    assert "Trained." in client.get(page).text
    assert personas["other_site"].client.get(page).status_code == 404


def test_a_query_at_an_item_can_be_a_finding(subject, visit, personas, small_trial):
    record = subject.records.get(form_oid="DX")
    address = reverse("casebook:form_item", args=[small_trial.slug, subject.number, record.visit_id, "DX", 1, "SHRINK"])
    client = personas["monitor"].client
    assert "A finding of the monitoring visit" in client.get(address).text
    assert client.post(address, {"text": "Really?", "monitoring": visit.pk}).status_code == 200
    assert Finding.objects.get().query == Query.objects.get()
    assert "A finding of the monitoring visit" not in personas["data_manager"].client.get(address).text


@pytest.mark.parametrize(
    ("more", "code"),
    [({"kind": "x"}, "unknown_kind"), ({"monitors": " "}, "text_required"), ({"monitors": "x" * 5000}, "text_required")],
)
def test_bad_plans_are_refused(site, personas, more, code):
    assert personas["monitor"]
    plan = {"kind": "routine", "on": today_at(site), "monitors": "Wang"} | more
    with pytest.raises(DomainError) as refusal, transaction.atomic():
        services.plan_monitoring(personas["monitor"].actor, site, **plan)
    assert refusal.value.code == code


def test_days_roles_and_sites_that_cannot_be(subject, visit, second_site, site, personas):
    monitor, day = personas["monitor"].actor, today_at(site)
    other = screened(second_site)
    with pytest.raises(DomainError), transaction.atomic():
        services.add_action(monitor, visit, text="x", assigned_role="auditor", due_on=day)
    with pytest.raises(DomainError), transaction.atomic():
        services.add_action(monitor, visit, text="x", assigned_role="coordinator", due_on=day - timedelta(days=1))
    with pytest.raises(DomainError), transaction.atomic():
        services.finish_monitoring(monitor, visit, until=day - timedelta(days=9), summary="x", subjects=[])
    with pytest.raises(DomainError), transaction.atomic():
        services.finish_monitoring(monitor, visit, until=day, summary="x", subjects=[other])


@pytest.mark.parametrize("who", ["coordinator", "data_manager", "outsider"])
def test_who_may_not(site, personas, who):
    with pytest.raises(Forbidden):
        services.plan_monitoring(personas[who].actor, site, kind="routine", on=today_at(site), monitors="x")
