"""The query list: every filter against plain Python, many at once or none, the file, and who answers by when."""

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.audit.models import Event
from apps.capture.models import Query
from apps.capture.services import answer_query, close_query, open_query
from apps.common.actors import SYSTEM
from apps.review.services import lock
from tests.journeys import enter, randomized, screened


@pytest.fixture
def asked(site, second_site, personas):
    """Seven queries: of two sites, two forms, three kinds, of different age, state and assignee."""
    first, second, other = screened(site), screened(site), screened(second_site)
    monitor = personas["monitor"].actor
    dx = [subject.records.get(form_oid="DX") for subject in (first, second, other)]
    queries = [open_query(monitor, record, item_oid="SHRINK", text=f"Question {n}") for n, record in enumerate(dx)]
    queries.append(open_query(monitor, dx[0], text="The whole form?", assigned_role="investigator"))
    queries.append(open_query(monitor, dx[1], item_oid="KMP", text="Seen?", kind="verification"))
    enter(first, "VS", "SCR", HEIGHT="30.0")
    queries.append(Query.objects.get(kind="system"))
    queries.append(close_query(monitor, open_query(monitor, dx[2], item_oid="KMP", text="Closed."), "Done."))
    answer_query(personas["coordinator"].actor, queries[1], "As in the source.")
    old = timezone.now() - timedelta(days=20)
    Query.objects.filter(pk=queries[0].pk).update(opened_at=old, due_on=(timezone.now() - timedelta(days=6)).date())
    Query.objects.filter(pk=queries[2].pk).update(opened_at=old - timedelta(days=20))
    return queries


def address(study):
    return reverse("casebook:queries", args=[study.slug])


def listed(personas, study, who="monitor", **asked):
    page = personas[who].client.get(address(study), asked)
    assert page.status_code == 200
    return {row.query.pk for row in page.context["rows"]}


FILTERS = {
    "status=open": lambda q: q.status == "open",
    "status=answered": lambda q: q.status == "answered",
    "status=closed": lambda q: q.status == "closed",
    "status=all": lambda q: True,
    "site=01": lambda q: q.subject.site.code == "01" and q.status != "closed",
    "form=DX": lambda q: q.record.form_oid == "DX" and q.status != "closed",
    "form=VS": lambda q: q.record.form_oid == "VS",
    "kind=system": lambda q: q.kind == "system",
    "kind=verification&site=01": lambda q: q.kind == "verification",
    "role=investigator": lambda q: q.assigned_role == "investigator",
    "age=14": lambda q: q.status != "closed" and (timezone.now() - q.opened_at).days >= 14,
    "age=30": lambda q: q.status != "closed" and (timezone.now() - q.opened_at).days >= 30,
    "age=due": lambda q: q.status != "closed" and q.due_on is not None and q.due_on < timezone.localdate(),
    "status=x&age=x&kind=x&role=x&site=&form=": lambda q: q.status != "closed",
}


@pytest.mark.parametrize("query", FILTERS)
def test_each_filter_shows_what_plain_python_finds(asked, personas, small_trial, query):
    given = dict(pair.split("=") for pair in query.split("&"))
    expected = {one.pk for one in Query.objects.select_related("subject__site", "record") if FILTERS[query](one)}
    assert listed(personas, small_trial, **given) == expected


def test_a_subject_has_a_list(asked, personas, small_trial):
    number = asked[0].subject.number
    assert listed(personas, small_trial, subject=number) == {asked[0].pk, asked[3].pk, asked[5].pk}


def test_counts_by_site(asked, personas, small_trial):
    counts = {row["code"]: row for row in personas["monitor"].client.get(address(small_trial)).context["counts"]}
    assert (counts["01"]["open"], counts["01"]["answered"], counts["01"]["late"]) == (4, 1, 1)
    assert (counts["02"]["open"], counts["02"]["answered"]) == (1, 0)
    own = personas["coordinator"].client.get(address(small_trial)).context["counts"]
    assert [row["code"] for row in own] == ["01"]


@pytest.mark.parametrize("value", ["\0", "x" * 3000, "9" * 40, "'; --"])
@pytest.mark.parametrize("name", ["site", "subject", "form", "kind", "role", "age", "sort", "after", "status"])
def test_a_strange_filter_is_no_error(small_trial, personas, name, value):
    assert personas["monitor"].client.get(address(small_trial), {name: value}).status_code == 200


def test_the_page_costs_the_same_at_any_size(asked, personas, small_trial):
    client = personas["monitor"].client

    def cost():
        with CaptureQueriesContext(connection) as captured:
            client.get(address(small_trial))
        return len(captured)

    cost()
    before = cost()
    for n in range(20):
        open_query(SYSTEM, asked[0].record, item_oid="SHRINK", text=f"More {n}")
    assert cost() == before


# -- many at once


def many(personas, study, queries, who="monitor", step="close", text="Seen in the source.", **more):
    typed = {"query": [query.pk for query in queries], "step": step, "text": text, **more}
    return personas[who].client.post(address(study), typed, follow=True)


def test_chosen_ones_are_closed_with_one_reason(asked, personas, small_trial):
    page = many(personas, small_trial, asked[:2])
    assert page.status_code == 200 and "2 queries are done." in page.text
    for query in asked[:2]:
        query.refresh_from_db()
        assert query.status == "closed"
        assert query.messages.last().text == "Seen in the source."
    assert Event.objects.filter(action="capture.query.closed").count() == 3


def test_one_that_cannot_be_stops_them_all_and_is_named(asked, personas, small_trial):
    page = many(personas, small_trial, [asked[0], asked[1]], step="answer", who="coordinator")
    assert page.status_code == 409
    assert asked[1].subject.number in page.text and "already" in page.text
    assert "Seen in the source." in page.text  # what was typed
    asked[0].refresh_from_db()
    assert asked[0].status == "open"


@pytest.mark.parametrize(("chosen", "text"), [(0, "x"), (1, ""), (1, "x" * 3000)])
def test_nothing_chosen_or_nothing_said(asked, personas, small_trial, chosen, text):
    assert many(personas, small_trial, asked[:chosen], text=text).status_code == 409


def test_everything_that_the_filter_shows(asked, personas, small_trial):
    where = f"{address(small_trial)}?site=01&kind=manual"
    typed = {"step": "close", "text": "Agreed.", "everything": "1"}
    assert personas["monitor"].client.post(where, typed).status_code == 302
    left = Query.objects.exclude(status="closed").filter(kind="manual")
    assert {query.pk for query in left} == {asked[2].pk}


def test_a_locked_one_stops_them_all(asked, personas, small_trial):
    lock(SYSTEM, asked[0].record, reason="done")
    assert many(personas, small_trial, asked[:2]).status_code == 409


def test_the_site_closes_nothing(asked, personas, small_trial):
    assert many(personas, small_trial, asked[:1], who="coordinator").status_code == 403


def test_another_sites_query_is_not_among_the_chosen(asked, personas, small_trial):
    page = many(personas, small_trial, [asked[0]], who="other_site", step="answer")
    assert page.status_code == 409
    asked[0].refresh_from_db()
    assert asked[0].status == "open"


# -- the file


def exported(personas, study, who="monitor", query=""):
    address = reverse("casebook:queries_export", args=[study.slug]) + query
    response = personas[who].client.post(address)
    assert response.status_code == 200
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_the_file_holds_what_the_list_shows_with_threads(asked, personas, small_trial):
    rows = exported(personas, small_trial, query="?status=all")
    assert len({(row["SUBJID"], row["ITEM"], row["OPENEDUTC"], row["TEXT"]) for row in rows}) == len(asked)
    steps = [row["STEP"] for row in rows if row["TEXT"] == "Question 1"]
    assert steps == ["opened", "answered"]
    assert len(exported(personas, small_trial, query="?site=02")) == 1
    assert Event.objects.filter(action="capture.queries.exported").count() == 2


def test_a_text_that_a_spreadsheet_would_compute_is_disarmed(asked, personas, small_trial):
    open_query(SYSTEM, asked[0].record, item_oid="SHRINK", text="=HYPERLINK(1)")
    assert "'=HYPERLINK(1)" in {row["TEXT"] for row in exported(personas, small_trial)}


def test_the_blinded_get_no_hidden_query(site, personas, small_trial):
    subject = randomized(site)
    day = subject.records.get(form_oid="IC").data["RFICDAT"]
    record = enter(subject, "EC", ECSTDAT=day, ECDOSE="0.4", ECFREQ="BID")
    open_query(SYSTEM, record, item_oid="ECDOSE", text="Right dose?")
    assert len(exported(personas, small_trial)) == 1
    assert exported(personas, small_trial, who="blinded") == []


# -- who answers, by when


def panel(personas, query, who="monitor"):
    record = query.record
    return reverse(
        "casebook:form_item",
        args=[query.subject.study.slug, query.subject.number, record.visit_id, record.form_oid, 1, query.item_oid],
    )


def test_a_query_is_asked_of_a_role_by_a_day(asked, personas, small_trial):
    client = personas["monitor"].client
    day = (timezone.localdate() + timedelta(days=3)).isoformat()
    typed = {"text": "Which hand?", "assigned_role": "investigator", "due_on": day}
    assert client.post(panel(personas, asked[0]), typed).status_code == 200
    query = Query.objects.get(text__en="Which hand?")
    assert (query.assigned_role, query.due_on.isoformat()) == ("investigator", day)
    assert asked[1].due_on is not None  # a day of its own where none was named
    assign = reverse("casebook:query_assign", args=[small_trial.slug, query.pk])
    assert client.post(assign, {"assigned_role": "coordinator"}).status_code == 302
    query.refresh_from_db()
    assert query.assigned_role == "coordinator"
    assert Event.objects.filter(action="capture.query.assigned").count() == 1


@pytest.mark.parametrize(
    "typed",
    [
        {"assigned_role": "auditor"},
        {"assigned_role": "x"},
        {"due_on": "2020-01-01"},
        {"due_on": "soon"},
        {"due_on": "2024-02-30"},
    ],
)
def test_nobody_and_never_are_refused_and_the_text_stays(asked, personas, typed):
    page = personas["monitor"].client.post(panel(personas, asked[0]), {"text": "Which hand?"} | typed)
    assert page.status_code == 422
    assert "Which hand?" in page.text
    assert not Query.objects.filter(text__en="Which hand?").exists()


def test_a_corrected_value_answers_what_was_asked_about_it(asked, personas, run_outbox):
    enter(asked[0].subject, "DX", "SCR", SHRINK="20.0", actor=personas["coordinator"].actor)
    run_outbox()
    asked[0].refresh_from_db()
    assert asked[0].status == "answered"
    assert asked[0].messages.last().text == f"{personas['coordinator'].user.full_name}: 12.5 → 20.0"
    asked[3].refresh_from_db()
    assert asked[3].status == "open"  # about the whole form: a person says whether it is settled


def test_the_panel_says_the_rules_in_words(asked, personas, small_trial):
    record = asked[5].record
    address = reverse(
        "casebook:form_item", args=[small_trial.slug, asked[5].subject.number, record.visit_id, "VS", 1, "TEMP"]
    )
    page = personas["monitor"].client.get(address).text
    assert "Shown when:" in page and "Fever is yes" in page
    assert "Asked about where it does not hold:" in page and "37.5" in page
