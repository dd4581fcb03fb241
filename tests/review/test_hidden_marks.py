"""A value that was verified and is hidden by another answer: kept, out of the checks, and asked about once."""

from apps.capture.models import Query
from apps.capture.services import close_query
from apps.review.services import mark_record
from tests.journeys import enter, screened


def queries(record):
    return Query.objects.filter(record=record, kind="verification")


def test_it_works(site, personas, run_outbox):
    subject = screened(site)
    record = enter(subject, "VS", "SCR", FEVER="Y", TEMP="38.5")
    mark_record(personas["monitor"].actor, record, record.revision, kind="sdv", paths=["TEMP"])
    record = enter(subject, "VS", "SCR", FEVER="N")
    assert record.data["TEMP"] == "38.5" and "TEMP" in record.irrelevant
    run_outbox()
    query = queries(record).get()
    assert (query.item_oid, query.status, query.value) == ("TEMP", "open", "38.5")
    assert query.text["zh"] != query.text["en"]
    close_query(personas["monitor"].actor, query, "The thermometer was broken.")
    enter(subject, "VS", "SCR", HEIGHT="80.0")
    run_outbox()
    assert queries(record).count() == 1


def test_what_nobody_verified_is_not_asked_about(site, run_outbox):
    subject = screened(site)
    enter(subject, "VS", "SCR", FEVER="Y", TEMP="38.5")
    record = enter(subject, "VS", "SCR", FEVER="N")
    run_outbox()
    assert not queries(record).exists()
