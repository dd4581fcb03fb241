"""The operator's page: accounts, and no clinical data."""

import re

import pytest
from django.core import mail
from django.urls import reverse

from apps.accounts import services
from apps.accounts.handlers import send_invitation
from apps.accounts.models import User
from apps.audit.models import Event, Outbox
from apps.common.actors import Actor
from apps.common.errors import DomainError, Forbidden
from tests.accounts.conftest import PASSWORD, make_person

NEW = {"username": "wang.wei", "email": "wang@example.org", "full_name": "王伟", "language": "zh-hans"}


@pytest.fixture
def actor(operator):
    return Actor(operator.pk, "Oper")


def code_of(error):
    return error.value.code


class Told:
    """What a handler is told of an event."""

    def __init__(self, user):
        self.object_id = str(user.pk)


def test_it_works(client, operator, django_capture_on_commit_callbacks):
    client.force_login(operator)
    with django_capture_on_commit_callbacks():
        response = client.post(reverse("accounts:create_account"), NEW)
    assert response.status_code == 302
    user = User.objects.get(username="wang.wei")
    assert not user.has_usable_password()
    assert Outbox.objects.get().action == "accounts.account.created"
    assert "王伟" in client.get(reverse("accounts:operator")).content.decode()


def test_invitation_sets_the_first_password_once(client, actor):
    user = services.create_account(actor, **NEW)
    send_invitation(Told(user))
    assert "wang.wei" in mail.outbox[0].body
    link = re.search(r"http\S+", mail.outbox[0].body).group()
    page = client.get(link, follow=True)
    client.post(page.request["PATH_INFO"], {"password1": PASSWORD, "password2": PASSWORD})
    assert client.post("/account/login/", {"login": "wang.wei", "password": PASSWORD}).status_code == 302
    send_invitation(Told(user))
    assert len(mail.outbox) == 1  # nothing more for one who has set it


def test_a_name_or_address_is_never_given_twice(actor, person):
    services.deactivate_account(actor, person, reason="left")
    with pytest.raises(DomainError) as error:
        services.create_account(actor, **{**NEW, "username": "LI.NA"})
    assert code_of(error) == "username_taken"


def test_an_address_belongs_to_one_account(actor, person):
    with pytest.raises(DomainError) as error:
        services.create_account(actor, **{**NEW, "email": "li.na@Example.org"})
    assert code_of(error) == "email_taken"


def test_deactivation_ends_every_session_at_once(client, actor, person):
    client.post("/account/login/", {"login": "li.na", "password": PASSWORD})
    services.deactivate_account(actor, person, reason="left the hospital")
    assert client.get("/account/").status_code == 302
    event = Event.objects.get(action="accounts.account.deactivated")
    assert "left the hospital" in event.body
    services.reactivate_account(actor, person, reason="came back")
    assert client.post("/account/login/", {"login": "li.na", "password": PASSWORD}).status_code == 302


def test_nobody_deactivates_themselves(actor, operator, person):
    make_person("second", is_operator=True)
    with pytest.raises(DomainError) as error:
        services.deactivate_account(actor, operator, reason="x")
    assert code_of(error) == "own_account"


def test_the_last_operator_stays(operator):
    from apps.common.actors import SYSTEM

    with pytest.raises(DomainError) as error:
        services.deactivate_account(SYSTEM, operator, reason="x")
    assert code_of(error) == "last_operator"


def test_others_may_not(client, person):
    stranger = Actor(person.pk, "Li Na")
    for service in (services.deactivate_account, services.reactivate_account, services.invite_again):
        with pytest.raises(Forbidden):
            service(stranger, person, reason="x")
    with pytest.raises(Forbidden):
        services.create_account(stranger, **NEW)
    client.force_login(person)
    for name in ("accounts:operator", "accounts:create_account"):
        assert client.get(reverse(name)).status_code == 403
    assert client.get(reverse("accounts:account", args=["li.na"])).status_code == 403


def test_a_reason_is_needed(client, operator, person):
    client.force_login(operator)
    page = client.post(reverse("accounts:account", args=["li.na"]), {"action": "deactivate"})
    assert page.status_code == 422
    assert User.objects.get(pk=person.pk).is_active


def test_filters_and_search(client, operator, person):
    client.force_login(operator)
    page = client.get(reverse("accounts:operator"), {"q": "LI.N", "state": "active"}).content.decode()
    assert "li.na@example.org" in page and "oper@example.org" not in page
    assert "No account fits" in client.get(reverse("accounts:operator"), {"q": "nobody"}).content.decode()
    assert client.get(reverse("accounts:operator"), {"after": "\x00", "state": "'"}).status_code == 200
