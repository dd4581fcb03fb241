"""Sign-in, lock-out, language, sign-out, and what the ledger says of them."""

from django.urls import reverse

from apps.accounts.models import User
from apps.audit.models import Event
from tests.accounts.conftest import PASSWORD, make_person

LOGIN = "/account/login/"


def sign_in(client, name="li.na", password=PASSWORD, **extra):
    return client.post(LOGIN, {"login": name, "password": password}, **extra)


def actions():
    return list(Event.objects.filter(chain="system").order_by("seq").values_list("action", flat=True))


def test_it_works(client, person):
    response = sign_in(client)
    assert response.status_code == 302
    assert client.get(reverse("accounts:profile")).status_code == 200
    assert actions() == ["accounts.session.opened"]


def test_sign_in_by_e_mail_address(client, person):
    assert sign_in(client, "LI.NA@example.org").status_code == 302


def test_wrong_password_says_so_and_is_recorded_without_the_typed_name(client, person):
    response = sign_in(client, "nobody-but-maybe-a-password", "wrong")
    assert response.status_code == 200
    event = Event.objects.get(action="accounts.session.refused")
    assert "nobody-but" not in event.body


def test_five_wrong_attempts_lock_even_the_right_password(client, person):
    for _ in range(5):
        response = sign_in(client, password="wrong")
    assert response.status_code == 429
    assert "quarter of an hour" in response.content.decode()
    assert sign_in(client).status_code == 429
    assert not client.session.get("_auth_user_id")
    assert "accounts.account.locked" in actions()


def test_name_and_address_of_one_person_count_together(client, person):
    for name in ("li.na", "li.na@example.org", "LI.NA", "Li.Na@Example.org", "li.na"):
        response = sign_in(client, name, "wrong")
    assert response.status_code == 429


def test_a_lock_is_for_one_account_at_one_address(client, person):
    make_person("wang.wei")
    for _ in range(5):
        sign_in(client, password="wrong")
    assert sign_in(client, "wang.wei").status_code == 302
    client.logout()
    assert sign_in(client, REMOTE_ADDR="10.0.0.9").status_code == 302


def test_deactivated_person_cannot_sign_in(client, person):
    User.objects.filter(pk=person.pk).update(is_active=False)
    sign_in(client)
    assert "_auth_user_id" not in client.session


def test_sign_out_needs_a_post_and_is_recorded(client, person):
    sign_in(client)
    client.get("/account/logout/")
    assert "_auth_user_id" in client.session
    client.post("/account/logout/")
    assert "_auth_user_id" not in client.session
    assert actions() == ["accounts.session.opened", "accounts.session.closed"]


def test_language_of_the_account_is_the_language_of_the_pages(client, person):
    User.objects.filter(pk=person.pk).update(language="zh-hans")
    response = sign_in(client)
    assert response.cookies["django_language"].value == "zh-hans"
    assert 'lang="zh-hans"' in client.get(reverse("accounts:profile")).content.decode()


def test_language_switch_is_kept_with_the_account(client, person):
    client.force_login(person)
    response = client.post(reverse("accounts:language"), {"language": "zh-hans", "next": "/account/"})
    assert response.url == "/account/"
    person.refresh_from_db()
    assert person.language == "zh-hans"
    assert actions() == ["accounts.account.changed"]


def test_language_switch_leads_nowhere_else(client, db):
    response = client.post(reverse("accounts:language"), {"language": "zh-hans", "next": "https://evil.example/"})
    assert response.url == "/"
    assert client.post(reverse("accounts:language"), {"language": "xx"}).cookies.get("django_language") is None


def test_nobody_signs_up(client, db):
    client.post("/account/signup/", {"username": "x", "email": "x@x.org", "password1": PASSWORD, "password2": PASSWORD})
    assert not User.objects.exists()
    assert "given by the operator" in client.get("/account/signup/").content.decode()


def test_an_address_is_not_changed_by_its_person(client, person):
    client.force_login(person)
    client.post("/account/email/", {"email": "other@example.org", "action_add": ""})
    person.refresh_from_db()
    assert person.email == "li.na@example.org"


def test_passwords_are_argon2_and_weak_ones_are_refused(client, person, settings):
    assert settings.PASSWORD_HASHERS[0].endswith("Argon2PasswordHasher") or "tests" in settings.PASSWORD_HASHERS[0]
    client.force_login(person)
    response = client.post(
        "/account/password/change/", {"oldpassword": PASSWORD, "password1": "password123", "password2": "password123"}
    )
    assert response.status_code == 200
    person.refresh_from_db()
    assert person.check_password(PASSWORD)


def test_password_change_is_recorded(client, person):
    sign_in(client)
    new = "another-long-passphrase"
    client.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    person.refresh_from_db()
    assert person.check_password(new)
    assert "accounts.password.changed" in actions()
