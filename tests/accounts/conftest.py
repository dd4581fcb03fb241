import pytest

from apps.accounts.models import User

PASSWORD = "a-long-enough-passphrase"


def make_person(username="li.na", **values):
    values = {"email": f"{username}@example.org", "full_name": username.title(), **values}
    return User.objects.create_user(username, password=PASSWORD, **values)


@pytest.fixture
def person(db):
    return make_person()


@pytest.fixture
def operator(db):
    return make_person("oper", is_operator=True)
