import pytest
from django.urls import reverse

from apps.common.actors import SYSTEM
from apps.notifications import services, wording
from apps.notifications.models import Notice
from apps.safety.models import Flag
from apps.safety.services import raise_flag
from apps.studies.services import end_role
from tests.journeys import screened


def notice_for(persona, study, occasion="x", **more):
    return services.notify(
        SYSTEM,
        study,
        [persona.user],
        kind="export",
        occasion=occasion,
        say=wording.export_finished,
        args=(True,),
        link=f"/studies/{study.slug}/exports/",
        **more,
    )


def test_it_works(small_trial, personas):
    (notice,) = notice_for(personas["monitor"], small_trial)
    page = personas["monitor"].client.get(reverse("notifications:inbox"))
    assert notice.body in page.text
    answer = personas["monitor"].client.post(reverse("notifications:open", args=[notice.pk]))
    assert answer.url == notice.link
    notice.refresh_from_db()
    assert notice.read_at is not None


def test_one_notice_a_person_and_occasion(small_trial, personas):
    assert notice_for(personas["monitor"], small_trial)
    assert notice_for(personas["monitor"], small_trial) == []
    assert Notice.objects.count() == 1


def test_nobody_opens_anothers_notice(small_trial, personas):
    (notice,) = notice_for(personas["monitor"], small_trial)
    for who in ("coordinator", "outsider", "operator"):
        assert personas[who].client.post(reverse("notifications:open", args=[notice.pk])).status_code == 404
        assert notice.body not in personas[who].client.get(reverse("notifications:inbox")).text


def test_who_lost_the_role_reads_no_more_of_the_study(small_trial, personas):
    (notice,) = notice_for(personas["monitor"], small_trial)
    end_role(SYSTEM, personas["monitor"].user.memberships.get(), reason="Left the project")
    assert notice.body not in personas["monitor"].client.get(reverse("notifications:inbox")).text


def test_a_person_reads_in_their_own_language(small_trial, personas):
    personas["monitor"].user.language = "zh-hans"
    (notice,) = notice_for(personas["monitor"], small_trial)
    assert notice.language == "zh-hans"


@pytest.mark.parametrize(("audience", "hears"), [("", True), ("unblinded", False)])
def test_a_flag_is_told_to_those_who_may_see_it(site, personas, run_outbox, audience, hears):
    """A medical monitor who is also the blinded assessor hears nothing of a flag that would tell the arm."""
    from apps.studies.models import Membership

    person = personas["medical_monitor"]
    Membership.objects.create(user=person.user, study=site.study, role="outcome_assessor")
    coordinator = personas["coordinator"]
    raise_flag(
        SYSTEM,
        screened(site),
        kind="trough_above",
        occasion="x",
        severity=Flag.Severity.WARNING,
        text={"en": "17 ng/mL is above", "zh": "17 ng/mL 高于"},
        audience=audience,
    )
    run_outbox()
    assert Notice.objects.filter(user=person.user, kind="flag").exists() is hears
    told = Notice.objects.get(user=coordinator.user, kind="flag")
    assert "17" not in told.body + told.title


def test_the_inbox_takes_as_many_queries_for_many_notices(small_trial, personas, django_assert_max_num_queries):
    client = personas["monitor"].client
    for number in range(40):
        notice_for(personas["monitor"], small_trial, f"n{number}")
    with django_assert_max_num_queries(12):
        page = client.get(reverse("notifications:inbox"))
    assert page.text.count("<tr ") == 40
