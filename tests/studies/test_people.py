import threading

import pytest
from django.db import connection, transaction

from apps.accounts.models import User
from apps.audit.models import Event
from apps.common.actors import SYSTEM
from apps.common.errors import DomainError, Forbidden
from apps.studies.models import Membership
from apps.studies.services import end_role, grant_role
from tests.factories import MembershipFactory, UserFactory, actor_for, published_study

pytestmark = pytest.mark.django_db


def test_it_works(personas, small_trial, site):
    admin, person = personas["study_admin"].actor, UserFactory()
    held = grant_role(admin, person, small_trial, "monitor", site, reason="joins")
    assert held.site == site
    event = Event.objects.get(action="studies.role.granted")
    assert (event.actor_id, event.site_id) == (admin.user_id, site.pk)
    ended = end_role(admin, held, reason="leaves")
    assert ended.ended_at is not None
    assert Event.objects.filter(action="studies.role.ended").count() == 1
    grant_role(admin, person, small_trial, "monitor", site)
    assert Membership.objects.filter(user=person).count() == 2


def test_wrong_person(personas, small_trial):
    for name in ("coordinator", "monitor", "outsider", "operator", "nobody"):
        with pytest.raises(Forbidden):
            grant_role(personas[name].actor, UserFactory(), small_trial, "monitor")


def test_administrator_of_one_site(small_trial, site, second_site):
    local = actor_for(MembershipFactory(study=small_trial, site=site, role="study_admin").user)
    grant_role(local, UserFactory(), small_trial, "coordinator", site)
    for where in (second_site, None):
        with pytest.raises(Forbidden):
            grant_role(local, UserFactory(), small_trial, "coordinator", where)


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("inactive_user", {"is_active": False}),
        ("operator", {"is_operator": True}),
        ("unknown_role", {}),
    ],
)
def test_refused(personas, small_trial, code, changes):
    with pytest.raises(DomainError) as caught:
        grant_role(personas["study_admin"].actor, UserFactory(**changes), small_trial, "king" if not changes else "monitor")
    assert caught.value.code == code


def test_site_of_another_study_is_refused(personas, small_trial):
    foreign = published_study(study="other-trial").sites.first()
    with pytest.raises((DomainError, Forbidden)):
        grant_role(personas["study_admin"].actor, UserFactory(), small_trial, "coordinator", foreign)
    with pytest.raises(DomainError):
        grant_role(SYSTEM, UserFactory(), small_trial, "coordinator", foreign)


def test_role_held_already(personas, small_trial):
    person = MembershipFactory(study=small_trial, role="monitor").user
    with pytest.raises(DomainError) as caught, transaction.atomic():
        grant_role(personas["study_admin"].actor, person, small_trial, "monitor")
    assert caught.value.code == "role_held"


def test_nobody_gives_themselves_a_role(personas, small_trial):
    persona = personas["study_admin"]
    with pytest.raises(DomainError) as caught:
        grant_role(persona.actor, persona.user, small_trial, "unblinded_statistician")
    assert caught.value.code == "own_role"


def test_last_administrator_stays(personas, small_trial):
    persona = personas["study_admin"]
    held = persona.user.memberships.get()
    with pytest.raises(DomainError) as caught, transaction.atomic():
        end_role(persona.actor, held)
    assert caught.value.code == "last_admin"
    grant_role(persona.actor, UserFactory(), small_trial, "study_admin")
    end_role(persona.actor, held)
    with pytest.raises(DomainError) as caught, transaction.atomic():
        end_role(SYSTEM, held)
    assert caught.value.code == "role_ended"


def test_second_factor_comes_with_the_role(db):
    study = published_study(mfa_roles=["data_manager"])
    person = grant_role(SYSTEM, UserFactory(), study, "data_manager").user
    assert User.objects.get(pk=person.pk).mfa_required


@pytest.mark.django_db(transaction=True)
def test_two_administrators_end_one_another_at_once():
    """One of them stays."""
    study = published_study()
    held = [grant_role(SYSTEM, UserFactory(), study, "study_admin") for _ in range(2)]
    start, outcomes = threading.Barrier(2), []

    def work(actor, target):
        try:
            start.wait(10)
            end_role(actor, target)
            outcomes.append("ended")
        except (DomainError, Forbidden) as error:
            outcomes.append(type(error).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(actor_for(held[n].user), held[1 - n])) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(outcomes) in (["DomainError", "ended"], ["Forbidden", "ended"])
    assert Membership.objects.filter(study=study, role="study_admin", ended_at=None).count() == 1
