"""Double data entry: the second entry is blind to the first, every instance is compared, a third person decides."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from django.urls import reverse

from apps.audit.models import Event
from apps.capture.double_entry import BlindEntry, differences_between
from apps.capture.models import SecondEntry
from apps.capture.places import RecordRef
from apps.capture.replay import drifts
from apps.capture.selectors import record_for
from apps.capture.services import decide_differences, save_record, save_second_entry
from apps.casebook.services import request_printout
from apps.common.actors import SYSTEM
from apps.common.errors import DomainError, Forbidden, NotVisible
from apps.review.selectors.closing import check_list
from apps.review.services import freeze
from apps.studies.models import Membership
from apps.studies.protocol import protocol_for_site
from tests.factories import actor_for
from tests.journeys import enter, screened


@pytest.fixture
def subject(site, personas):
    assert personas["coordinator"] and personas["site_staff"] and personas["data_manager"]
    return screened(site)


@pytest.fixture
def ref(subject, personas):
    """The demography, entered and completed by the coordinator."""
    actor = personas["coordinator"].actor
    record = enter(subject, "DM", "SCR", actor=actor, SEX="F", complete=True)
    return RecordRef.of(record)


def again(personas, ref, revision=0, who="site_staff", complete=True, **values):
    return save_second_entry(personas[who].actor, ref, values, revision, complete=complete)


def same(subject):
    return {"BRTHDAT": subject.records.get(form_oid="DM").data["BRTHDAT"], "SEX": "F"}


def line(subject, code="entered_once"):
    return next(one.number for one in check_list(subject) if one.code == code)


def address(subject, ref, name="form"):
    return reverse(f"casebook:{name}", args=[subject.study.slug, subject.number, ref.visit_id, "DM", 1])


def test_two_entries_that_agree(subject, ref, personas):
    assert line(subject) == 1
    made = again(personas, ref, **same(subject))
    assert (made.differences, made.is_settled) == ([], True)
    assert line(subject) == 0


def test_a_difference_waits_for_a_third_person(subject, ref, personas, run_outbox):
    made = again(personas, ref, **same(subject) | {"SEX": "M"})
    assert [(one["path"], one["first"], one["second"]) for one in made.differences] == [("SEX", "F", "M")]
    assert line(subject) == 1
    for who in ("coordinator", "site_staff", "monitor"):
        with pytest.raises(Forbidden):
            decide_differences(personas[who].actor, ref, {"SEX": "second"}, reason="The source says M")
    record = decide_differences(personas["data_manager"].actor, ref, {"SEX": "second"}, reason="The source says M")
    assert (record.data["SEX"], record.revisions.last().reason) == ("M", "The source says M")
    made.refresh_from_db()
    assert made.is_settled and made.decided["SEX"]["choice"] == "second"
    run_outbox()
    assert list(drifts(subject.study_id)) == [] and line(subject) == 0


def test_the_first_entry_may_be_right(subject, ref, personas):
    again(personas, ref, **same(subject) | {"SEX": "M"})
    record = decide_differences(personas["data_manager"].actor, ref, {"SEX": "first"}, reason="Read wrongly")
    assert (record.data["SEX"], record.revision) == ("F", subject.records.get(form_oid="DM").revision)
    assert Event.objects.filter(action="capture.second_entry.decided").count() == 1


def test_a_value_that_one_entry_lacks_is_a_difference(subject, ref, personas):
    made = again(personas, ref, SEX="F")
    assert [one["path"] for one in made.differences] == ["BRTHDAT"]
    record = decide_differences(personas["data_manager"].actor, ref, {"BRTHDAT": "second"}, reason="Not in the source")
    assert "BRTHDAT" not in record.data


def test_it_is_kept_until_it_is_complete(subject, ref, personas):
    made = again(personas, ref, complete=False, SEX="F")
    assert (made.completed_at, made.revision, line(subject)) == (None, 1, 1)
    assert again(personas, ref, 1, **same(subject)).is_settled


def test_the_first_is_not_shown_to_whoever_may_enter_again(subject, ref, personas):
    reader = personas["site_staff"]
    with pytest.raises(BlindEntry):
        record_for(reader.actor, ref)
    page = reader.client.get(address(subject, ref))
    assert page.status_code == 302 and page.url.endswith("/second/")
    shown = reader.client.get(page.url).content.decode()
    assert same(subject)["BRTHDAT"] not in shown and "checked" not in shown
    item = reader.client.get(address(subject, ref) + "item/SEX/")
    assert item.status_code == 409
    again(personas, ref, **same(subject))
    assert reader.client.get(address(subject, ref)).status_code == 200


@pytest.mark.parametrize("who", ["coordinator", "investigator", "monitor", "data_manager"])
def test_others_read_on(subject, ref, personas, who):
    assert record_for(personas[who].actor, ref).data["SEX"] == "F"


def test_the_person_of_the_first_entry_does_not_make_the_second(subject, ref, personas):
    with pytest.raises(DomainError) as refused:
        again(personas, ref, who="coordinator", SEX="F")
    assert refused.value.code == "same_person" and not SecondEntry.objects.exists()


def test_nobody_decides_on_an_own_entry(subject, ref, personas):
    again(personas, ref, **same(subject) | {"SEX": "M"})
    staff = personas["site_staff"].user
    Membership.objects.create(user=staff, study=subject.study, site=subject.site, role="data_manager")
    with pytest.raises(DomainError) as refused:
        decide_differences(personas["site_staff"].actor, ref, {"SEX": "second"}, reason="mine")
    assert refused.value.code == "same_person"


@pytest.mark.parametrize("choices", [{}, {"BRTHDAT": "second"}, {"SEX": "third"}, {"NOPE": "first"}])
def test_a_forged_choice_is_refused(subject, ref, personas, choices):
    again(personas, ref, **same(subject) | {"SEX": "M"})
    with pytest.raises(DomainError) as refused:
        decide_differences(personas["data_manager"].actor, ref, choices, reason="x")
    assert refused.value.code == "choice"
    assert subject.records.get(form_oid="DM").data["SEX"] == "F"


@pytest.mark.parametrize(
    ("values", "code"), [({"SEX": "X"}, "choice"), ({"AETERM": "x"}, "other_form"), ({"NOPE": "x"}, "unknown_item")]
)
def test_what_cannot_be_read_is_refused(subject, ref, personas, values, code):
    with pytest.raises(DomainError) as refused:
        again(personas, ref, **values)
    assert refused.value.code == code or code == "choice"
    assert not SecondEntry.objects.exists()


def test_states_that_refuse(subject, ref, personas):
    with pytest.raises(DomainError) as refused:
        again(personas, ref, 3, SEX="F")
    assert refused.value.code == "stale"
    again(personas, ref, **same(subject))
    with pytest.raises(DomainError) as refused:
        again(personas, ref, 1, SEX="F")
    assert refused.value.code == "made"
    with pytest.raises(DomainError):
        decide_differences(personas["data_manager"].actor, ref, {"SEX": "first"}, reason="x")
    with pytest.raises(NotVisible):
        again(personas, RecordRef(subject.pk, "DX", ref.visit_id), SEX="F")


def test_an_incomplete_first_entry_is_not_entered_again(subject, personas):
    record = subject.records.get(form_oid="DM")
    with pytest.raises(DomainError) as refused:
        again(personas, RecordRef.of(record), SEX="F")
    assert refused.value.code == "not_yet"


def test_a_frozen_subject_refuses_both(subject, ref, personas):
    again(personas, ref, **same(subject) | {"SEX": "M"})
    freeze(SYSTEM, subject, reason="cleaning")
    with pytest.raises(DomainError):
        decide_differences(personas["data_manager"].actor, ref, {"SEX": "second"}, reason="x")


# -- in a browser's words


def test_by_page_from_end_to_end(subject, ref, personas, run_outbox):
    staff, manager = personas["site_staff"].client, personas["data_manager"].client
    url = address(subject, ref)
    kept = staff.post(url + "second/draft/", {"revision": "0", "SEX": "M"})
    assert kept.status_code == 200
    assert "Recovered" in staff.get(url + "second/").content.decode()
    refused = staff.post(url + "second/", {"revision": "0", "SEX": "M", "BRTHDAT": "31 Feb", "action": "complete"})
    assert refused.status_code == 422 and "31 Feb" in refused.content.decode()
    done = staff.post(url + "second/", {"revision": "0", **same(subject), "SEX": "M", "action": "complete"})
    assert done.status_code == 302 and done.url == url
    listed = manager.get(reverse("casebook:second_entries", args=[subject.study.slug])).content.decode()
    assert url + "differences/" in listed
    page = manager.get(url + "differences/").content.decode()
    assert "Male" in page and "Female" in page
    unsaid = manager.post(url + "differences/", {"choice.SEX": "second", "reason": ""})
    assert unsaid.status_code == 409
    assert manager.post(url + "differences/", {"choice.SEX": "second", "reason": "The source"}).status_code == 302
    assert subject.records.get(form_oid="DM").data["SEX"] == "M"
    assert "The source" in manager.get(url + "differences/").content.decode()
    waiting = manager.get(reverse("casebook:second_entries", args=[subject.study.slug])).content.decode()
    assert subject.number not in waiting


def test_the_list_takes_a_constant_number_of_statements(site, subject, ref, personas, django_assert_max_num_queries):
    url = reverse("casebook:second_entries", args=[subject.study.slug])
    client = personas["monitor"].client
    client.get(url)
    for _number in range(5):
        enter(screened(site), "DM", "SCR", complete=True)
    with django_assert_max_num_queries(15):
        assert client.get(url).content.decode().count("/DM/1/") == 6


def test_a_log_lists_no_value_to_whoever_may_enter_again(subject, personas, monkeypatch):
    forms = protocol_for_site(subject.site).forms
    twice = forms["AE"].definition.model_copy(update={"double_entry": True})
    monkeypatch.setitem(forms, "AE", replace(forms["AE"], definition=twice))
    enter(subject, "AE", actor=personas["coordinator"].actor, AETERM="Unseen cough", complete=True)
    url = reverse("casebook:log", args=[subject.study.slug, subject.number, "AE"])
    shown = {who: "Unseen cough" in personas[who].client.get(url).content.decode() for who in PEOPLE}
    assert shown == {"coordinator": True, "site_staff": False, "monitor": True}


PEOPLE = ("coordinator", "site_staff", "monitor")


def test_a_casebook_is_not_printed_for_whoever_may_enter_again(subject, ref, personas):
    other = personas["site_staff"].user
    Membership.objects.create(user=other, study=subject.study, site=subject.site, role="coordinator")
    for subjects in ({"subject": subject}, {"site": subject.site}):
        with pytest.raises(DomainError) as refused:
            request_printout(actor_for(other), subject.study, kind="casebook", language="en", **subjects)
        assert refused.value.code == "blind_entry"
    own = personas["coordinator"].actor
    assert request_printout(own, subject.study, kind="casebook", language="en", subject=subject)
    again(personas, ref, **same(subject))
    assert request_printout(actor_for(other), subject.study, kind="casebook", language="en", subject=subject)


def test_somebody_else_went_on_meanwhile(subject, ref, personas):
    again(personas, ref, complete=False, SEX="F")
    staff, url = personas["site_staff"].client, address(subject, ref) + "second/"
    page = staff.post(url, {"revision": "0", "SEX": "M", "action": "save"})
    assert page.status_code == 409
    assert 'name="revision" value="1"' in page.content.decode()
    assert SecondEntry.objects.get().data["SEX"] == "F"
    assert staff.post(url, {"revision": "1", "SEX": "M", "action": "save"}).status_code == 302
    assert SecondEntry.objects.get().data["SEX"] == "M"


# -- the comparison


def form_with_lines():
    def item(oid, kind):
        return SimpleNamespace(oid=oid, compute=None, definition=SimpleNamespace(type=kind))

    items = {"HEIGHT": item("HEIGHT", "decimal"), "SIGNS": item("SIGNS", "choices"), "LENGTH": item("LENGTH", "decimal")}

    def group(oid, repeating, *oids):
        return SimpleNamespace(oid=oid, repeating=repeating, items=[SimpleNamespace(oid=oid) for oid in oids])

    groups = [group("G", False, "HEIGHT", "SIGNS"), group("LESION", True, "LENGTH")]
    return SimpleNamespace(items=items, definition=SimpleNamespace(groups=groups))


def lines(*lengths):
    return [{"_key": f"k{number}", "LENGTH": length} for number, length in enumerate(lengths)]


@pytest.mark.parametrize(
    ("first", "second", "paths"),
    [
        ({"HEIGHT": "7.4"}, {"HEIGHT": "7.40"}, []),
        ({"HEIGHT": "7.4"}, {"HEIGHT": "7.5"}, ["HEIGHT"]),
        ({"HEIGHT": "7.4"}, {"HEIGHT": {"missing": "ND"}}, ["HEIGHT"]),
        ({"SIGNS": ["A", "B"]}, {"SIGNS": ["B", "A"]}, []),
        ({"SIGNS": ["A"]}, {"SIGNS": ["B", "A"]}, ["SIGNS"]),
        ({"LESION": lines("1", "2")}, {"LESION": lines("1", "3")}, ["LESION/2/LENGTH"]),
        ({"LESION": lines("1", "2")}, {"LESION": lines("1")}, ["LESION/2"]),
        ({}, {"LESION": lines("1")}, ["LESION/1"]),
        ({"LESION": [{"_key": "k", "LENGTH": "1", "_inactive": "twice"}]}, {}, []),
    ],
)
def test_what_differs(first, second, paths):
    assert [one.path for one in differences_between(form_with_lines(), first, second)] == paths


def test_a_hidden_value_does_not_count():
    found = differences_between(form_with_lines(), {"HEIGHT": "7"}, {}, hidden_first=frozenset({"HEIGHT"}))
    assert found == []


def test_save_record_leaves_the_second_entry_alone(subject, ref, personas):
    made = again(personas, ref, **same(subject) | {"SEX": "M"})
    record = subject.records.get(form_oid="DM")
    save_record(personas["coordinator"].actor, ref, {"SEX": "M"}, record.revision, reason="Source corrected")
    made.refresh_from_db()
    assert not made.is_settled and line(subject) == 1
