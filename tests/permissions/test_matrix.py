"""Every address × every persona: 404 outside one's scope, 403 without the right, else an answer.

An address without a row fails; a second way into one (a POST, a blinded form) is a row ``name#way``. Whatever page comes
back is looked at as well: one heading, a language, no script and no style of its own, the strict content security policy.
"""

import importlib
import re
from pathlib import Path

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from apps.common.permissions import Role
from tests.permissions.addresses import named
from tests.permissions.rows import OPERATOR, PUBLIC, SIGNED_IN, Row
from tests.permissions.world import World

MODULES = sorted(path.stem for path in Path(__file__).parent.glob("rows_*.py"))
ROWS: dict[str, Row] = {}
for module in MODULES:
    ROWS |= importlib.import_module(f"tests.permissions.{module}").ROWS
ORIGIN = "http://testserver"


@pytest.fixture
def world(small_trial, site, personas):
    return World(small_trial, site, personas)


def ask(client, row: Row, url: str, world):
    if row.method == "post":
        return client.post(url, row.data(world), headers={"origin": ORIGIN})
    return client.get(url, row.data(world))


def answer(row: Row, response) -> str:
    if response.status_code in (403, 404) and response.status_code not in row.ok:
        return str(response.status_code)
    if response.status_code == 401 or (response.status_code == 302 and response.url.startswith("/account/login/?next=")):
        return "sign_in"
    return "ok" if response.status_code in row.ok else f"unexpected {response.status_code}"


def look_at(response, where: str) -> None:
    """What every page keeps."""
    if "text/html" not in response.get("Content-Type", "") or response.streaming or not response.content:
        return
    page = response.content.decode()
    policy = response["Content-Security-Policy"]
    assert "script-src 'self'" in policy and "unsafe" not in policy, where
    assert not re.search(r"<style|\sstyle=|\son(click|load|change|submit|error)=|javascript:", page, re.I), where
    for tag, body in re.findall(r"<script([^>]*)>(.*?)</script>", page, re.S | re.I):
        assert "application/json" in tag or ("src=" in tag and not body.strip()), where
    if "<html" in page:
        assert re.search(r'<html lang="[a-z-]+"', page), where
        assert len(re.findall(r"<h1[ >]", page)) == 1, where


def test_it_works(world):
    client = world.people["coordinator"].client
    assert client.get(reverse("studies:list")).status_code == 200


def test_every_address_has_a_row():
    names = {name for name, _ in named()}
    rows = {name.partition("#")[0] for name in ROWS}
    assert names - rows == set(), "add a row to tests/permissions/rows_<app>.py"
    assert rows - names == set(), "rows of addresses that are gone"


@pytest.mark.parametrize("name", sorted(ROWS))
def test_address(name, world):
    row = ROWS[name]
    url = reverse(name.partition("#")[0], kwargs=row.kwargs(world))
    wrong = {}
    for persona in ["anonymous", *people_for(row, world)]:
        client = Client() if persona == "anonymous" else world.people[persona].client
        with transaction.atomic():  # each person finds the world as it was
            response = ask(client, row, url, world)
            transaction.set_rollback(True)
        got = answer(row, response)
        if got != row.expected(persona):
            wrong[persona] = f"{got} instead of {row.expected(persona)}"
        look_at(response, f"{name} as {persona}")
    assert not wrong


def people_for(row: Row, world) -> list[str]:
    """All of them where the study's roles decide; elsewhere one with a role, one without, and the operator."""
    if row.scope in (PUBLIC, SIGNED_IN, OPERATOR):
        return ["coordinator", "nobody", "operator"]
    return world.people.names


def test_every_persona_is_expected_somewhere():
    roles = {role.value for role in Role}
    assert {row.expected(role) for row in ROWS.values() for role in roles} >= {"ok", "403", "404"}
