import pytest
from django.urls import reverse

from apps.common.permissions import REGISTRY, Role
from apps.studies.models import Membership
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
PAGES = ["studies:detail", "studies:people", "studies:permissions"]


def url(name: str) -> str:
    return reverse(name, args=["small-trial"])


def page(persona, address: str, language: str = "en", status: int = 200) -> str:
    response = persona.client.get(address, headers={"accept-language": language})
    assert response.status_code == status
    return response.content.decode()


def test_it_works(personas):
    shown = page(personas["study_admin"], url("studies:detail"))
    for words in (
        "NCT00000000",
        "Low dose",
        "Shrinkage is below 30",
        "1 month after randomization",
        "−3 days to +3 days",
        "above 10, up to and including 15 ng/mL (High dose)",
        "Exactly 30 % is open.",
        "our assumption",
        "Dose log",
        "Outcome assessor",
        "only Low dose",
        "version 1 from",
    ):
        assert words in shown, words


def test_in_chinese_the_protocol_is_chinese(personas):
    shown = page(personas["study_admin"], url("studies:detail"), "zh-hans")
    for words in ("小型试验", "低剂量组", "缩小不足30%", "第1个月", "恰好30%未作规定。", "缩小率"):
        assert words in shown, words
    assert "Low dose" not in shown


def test_list_shows_only_own_studies(personas, other_trial):
    shown = page(personas["coordinator"], reverse("studies:list"))
    assert "Small trial" in shown
    assert url("studies:detail") in shown
    assert "/studies/other-trial/" not in shown
    assert "No study yet" in page(personas["nobody"], reverse("studies:list"))


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("persona", ["outsider", "nobody", "operator"])
def test_outside_the_study_nothing_exists(personas, persona, name):
    page(personas[persona], url(name), status=404)


def test_people_are_for_some_roles(personas):
    page(personas["outcome_assessor"], url("studies:people"), status=403)
    shown = page(personas["monitor"], url("studies:people"))
    assert "Give a role" not in shown


def test_site_staff_see_their_site_only(personas, small_trial, site, second_site):
    Membership.objects.create(user=UserFactory(full_name="Far Away"), study=small_trial, site=second_site, role="site_staff")
    Membership.objects.create(user=UserFactory(full_name="Near By"), study=small_trial, site=site, role="site_staff")
    shown = page(personas["coordinator"], url("studies:people"))
    assert "Near By" in shown
    assert "Far Away" not in shown


def test_giving_and_ending_a_role(personas, small_trial, site):
    client, person = personas["study_admin"].client, UserFactory(email="new@example.org", full_name="New Person")
    response = client.post(url("studies:people"), {"person": "NEW@example.org", "role": "coordinator", "site": site.pk})
    assert response.status_code == 302
    held = Membership.objects.get(user=person)
    assert (held.role, held.site) == ("coordinator", site)
    response = client.post(reverse("studies:end_role", args=["small-trial", held.pk]), {"reason": "left"})
    assert response.status_code == 302
    held.refresh_from_db()
    assert held.ended_at is not None
    assert "New Person" in page(personas["study_admin"], url("studies:people") + "?show=ended")


def test_unknown_person_is_told_and_nothing_is_lost(personas):
    response = personas["study_admin"].client.post(
        url("studies:people"), {"person": "ghost", "role": "monitor", "reason": "why"}
    )
    shown = response.content.decode()
    assert "There is no such account" in shown
    assert 'value="why"' in shown


def test_operator_gets_no_role(personas):
    operator = personas["operator"].user
    response = personas["study_admin"].client.post(url("studies:people"), {"person": operator.username, "role": "monitor"})
    assert "sees no clinical data" in response.content.decode()
    assert not Membership.objects.filter(user=operator).exists()


def test_wrong_person_gives_no_role(personas):
    for name in ("coordinator", "monitor"):
        response = personas[name].client.post(url("studies:people"), {"person": "nobody", "role": "monitor"})
        assert response.status_code in (403, 422)
    assert not Membership.objects.filter(role="monitor", user__username="nobody").exists()


def test_role_at_a_site_that_is_not_seen(personas, small_trial, second_site):
    """Ending it from another site: it does not exist."""
    held = Membership.objects.create(user=UserFactory(), study=small_trial, site=second_site, role="site_staff")
    response = personas["coordinator"].client.post(reverse("studies:end_role", args=["small-trial", held.pk]))
    assert response.status_code == 404
    response = personas["monitor"].client.post(reverse("studies:end_role", args=["small-trial", held.pk]))
    assert response.status_code == 403


def test_table_of_rights_is_whole(personas):
    shown = page(personas["outcome_assessor"], url("studies:permissions"))
    for permission in REGISTRY.values():
        if not permission.code.startswith("tests."):
            assert str(permission.label).replace("'", "&#x27;") in shown, permission.code
    for role in Role:
        assert str(role.label) in shown
    assert "<strong>Outcome assessor</strong>" in shown


def test_pages_cost_few_queries(personas, django_assert_max_num_queries):
    client = personas["study_admin"].client
    for name in PAGES:
        client.get(url(name))
        with django_assert_max_num_queries(15):
            client.get(url(name))
