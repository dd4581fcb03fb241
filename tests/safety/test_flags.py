import pytest
from django.urls import reverse

from apps.common.actors import SYSTEM
from apps.common.errors import DomainError, Forbidden, NotVisible
from apps.safety import selectors, services
from apps.safety.models import Flag
from tests.journeys import screened


@pytest.fixture
def subject(site):
    return screened(site)


def raised(subject, occasion="x:1", audience=""):
    return services.raise_flag(
        SYSTEM,
        subject,
        kind="trough_above",
        occasion=occasion,
        severity=Flag.Severity.WARNING,
        text={"en": "17 ng/mL is above the target", "zh": "17 ng/mL 高于目标"},
        audience=audience,
    )


def test_it_works(subject, personas):
    flag = raised(subject)
    actor = personas["coordinator"].actor
    services.acknowledge_flag(actor, flag, note="Told the investigator")
    services.resolve_flag(actor, flag, note="Dose halved")
    flag.refresh_from_db()
    assert flag.status == "resolved"
    assert [step.note for step in flag.steps.all()] == ["Told the investigator", "Dose halved"]


def test_one_occasion_raises_one_flag(subject):
    assert raised(subject).pk == raised(subject).pk
    assert raised(subject, "x:2").pk != raised(subject).pk


def test_a_monitor_sees_and_may_not_handle(subject, personas):
    flag = raised(subject)
    actor = personas["monitor"].actor
    assert selectors.get_flag_for(actor, subject.study, flag.pk) == flag
    with pytest.raises(Forbidden):
        services.acknowledge_flag(actor, flag)


@pytest.mark.parametrize("who", ["other_site", "outsider", "nobody", "operator"])
def test_whoever_has_no_role_at_the_site_sees_nothing(subject, personas, who):
    flag = raised(subject)
    with pytest.raises(NotVisible):
        selectors.get_flag_for(personas[who].actor, subject.study, flag.pk)


def test_the_blinded_see_nothing_that_tells_the_arm(subject, personas):
    told, untold = raised(subject), raised(subject, "x:2", audience="unblinded")
    actor = personas["blinded"].actor
    assert list(selectors.flags_for(actor, subject.study)) == [told]
    page = personas["blinded"].client.get(reverse("safety:flags", args=[subject.study.slug]))
    assert f"flag-{told.pk}" in page.text
    assert f"flag-{untold.pk}" not in page.text


def test_resolving_needs_words(subject, personas):
    flag = raised(subject)
    with pytest.raises(DomainError) as refusal:
        services.resolve_flag(personas["coordinator"].actor, flag, note="  ")
    assert refusal.value.code == "note_missing"
    flag.refresh_from_db()
    assert flag.status == "open"


def test_a_resolved_flag_is_not_resolved_again(subject, personas):
    flag = services.resolve_flag(SYSTEM, raised(subject), note="done")
    with pytest.raises(DomainError) as refusal:
        services.resolve_flag(SYSTEM, flag, note="again")
    assert refusal.value.code == "flag_state"


def test_the_board_takes_as_many_queries_for_many_flags(subject, personas, django_assert_max_num_queries):
    client = personas["coordinator"].client
    for number in range(30):
        raised(subject, f"many:{number}")
    client.get(reverse("safety:flags", args=[subject.study.slug]))  # writes the session's first activity
    with django_assert_max_num_queries(15):
        page = client.get(reverse("safety:flags", args=[subject.study.slug]))
    assert page.text.count('id="flag-') == 30


def test_the_board_pages_by_key(subject, personas):
    for number in range(60):
        raised(subject, f"many:{number}")
    client, address = personas["coordinator"].client, reverse("safety:flags", args=[subject.study.slug])
    first = client.get(address)
    older = first.context["page"].next_after
    second = client.get(address, {"after": older})
    shown = [row.pk for row in first.context["page"].rows] + [row.pk for row in second.context["page"].rows]
    assert len(shown) == len(set(shown)) == 60


@pytest.mark.parametrize("forged", ["abc", "9" * 400, "1;DROP TABLE", "\x00"])
def test_a_forged_cursor_starts_at_the_first_page(subject, personas, forged):
    raised(subject)
    page = personas["coordinator"].client.get(reverse("safety:flags", args=[subject.study.slug]), {"after": forged})
    assert page.status_code == 200
    assert len(page.context["page"].rows) == 1


def test_a_person_acknowledges_on_the_page(subject, personas):
    flag = raised(subject)
    address = reverse("safety:flag_step", args=[subject.study.slug, flag.pk])
    answer = personas["coordinator"].client.post(address, {"step": "acknowledge", "note": "seen"}, follow=True)
    assert answer.status_code == 200
    flag.refresh_from_db()
    assert flag.status == "acknowledged"
