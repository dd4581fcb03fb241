"""The embedded PostgreSQL and Valkey: made, killed, recovered, refused."""

import os
import shutil
import signal
import stat
import tempfile
import threading
import time
from pathlib import Path

import psycopg
import pytest
import redis

from tests import cluster
from trialcapture.runtime import places as places_
from trialcapture.runtime.credentials import ensure_credentials
from trialcapture.runtime.errors import CannotRun
from trialcapture.runtime.places import Places, private_folder, socket_folder
from trialcapture.runtime.postgres import explain
from trialcapture.runtime.processes import family, wait_until_gone
from trialcapture.runtime.stack import Stack


@pytest.fixture
def stack():
    top = Path(tempfile.mkdtemp(prefix="services-", dir=cluster.current().top))
    top.chmod(0o711)
    made = Stack(Places(var=top / "var", data=top / "pg", sockets=top / "s"))
    yield made
    made.stop_services()
    shutil.rmtree(top, ignore_errors=True)


def kill_nine(pid: int, *, whole: bool = False) -> None:
    processes = family(pid) if whole else family(pid)[:1]
    for process in processes:
        process.send_signal(signal.SIGKILL)
    wait_until_gone(processes[:1], 10)


def owner(stack: Stack) -> psycopg.Connection:
    return psycopg.connect(stack.credentials.owner["OWNER_DATABASE_URL"], autocommit=True)


def test_it_works(stack):
    stack.start_services()
    with psycopg.connect(stack.credentials.web["DATABASE_URL"]) as connection:
        row = connection.execute(
            "SELECT current_user, current_setting('listen_addresses'), current_setting('dynamic_shared_memory_type'),"
            " datlocprovider, datlocale FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    assert row == ("trialcapture_web", "", "mmap", "b", "C.UTF-8")
    with redis.Redis.from_url(stack.credentials.web["REDIS_URL"]) as client:
        assert client.config_get("save")["save"] == ""
        assert client.config_get("appendonly")["appendonly"] == "no"


@pytest.mark.parametrize("whole", [False, True])
def test_a_killed_database_comes_back_with_all_that_it_acknowledged(stack, whole):
    stack.start_services()
    told = []

    def insert() -> None:
        try:
            with owner(stack) as connection:
                connection.execute("CREATE TABLE told (n int)")
                for n in range(10**6):
                    connection.execute("INSERT INTO told VALUES (%s)", [n])
                    told.append(n)
        except psycopg.OperationalError:
            return

    thread = threading.Thread(target=insert)
    thread.start()
    while len(told) < 50:
        assert thread.is_alive()
        time.sleep(0.01)
    kill_nine(stack.postgres.pid(), whole=whole)
    thread.join()
    stack.postgres.start()
    with owner(stack) as connection:
        found = {n for (n,) in connection.execute("SELECT n FROM told")}
    assert set(told) <= found


def test_a_pid_file_whose_number_went_to_another_program_is_no_server(stack):
    stack.start_services()
    kill_nine(stack.postgres.pid(), whole=True)
    lines = (stack.places.data / "postmaster.pid").read_text().splitlines()
    (stack.places.data / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]))
    assert stack.postgres.pid() is None
    stack.postgres.start()
    assert stack.postgres.pid() not in (None, os.getpid())


def test_starting_what_runs_changes_nothing(stack):
    stack.start_services()
    before = stack.postgres.pid(), stack.valkey.pid()
    stack.start_services()
    assert (stack.postgres.pid(), stack.valkey.pid()) == before


def test_an_interrupted_first_start_is_begun_again(stack):
    half = private_folder(stack.places.data.with_name("pg.new"), service=True)
    (half / "PG_VERSION").write_text("18\n")
    stack.start_services()
    assert not half.exists()
    assert stack.postgres.pid()


def test_another_major_version_is_refused_and_left_alone(stack):
    stack.start_services()
    stack.stop_services()
    (stack.places.data / "PG_VERSION").write_text("17\n")
    before = sorted(path.name for path in stack.places.data.iterdir())
    with pytest.raises(CannotRun, match=r"PostgreSQL 17.*PostgreSQL 18.*manage.py dump.*manage.py restore"):
        stack.start_services()
    assert sorted(path.name for path in stack.places.data.iterdir()) == before


def test_a_wrong_password_is_refused(stack):
    stack.start_services()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(stack.postgres.url("trialcapture_web", "guess", "trialcapture"))


def test_the_web_role_holds_neither_tables_nor_the_owners_password(stack):
    stack.start_services()
    password = stack.credentials.owner["OWNER_DATABASE_URL"].split(":")[2].split("@")[0]
    assert password not in (stack.places.secrets / "web.env").read_text()
    assert not any(password in value for value in stack.environ().values())
    with owner(stack) as connection:
        connection.execute("CREATE TABLE mine (n int)")
    with psycopg.connect(stack.credentials.web["DATABASE_URL"], autocommit=True) as web:
        web.execute("INSERT INTO mine VALUES (1)")
        for statement in ("TRUNCATE mine", "DROP TABLE mine", "CREATE TABLE other (n int)", "SET ROLE trialcapture_owner"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                web.execute(statement)


def test_secrets_and_sockets_are_closed_to_others(stack):
    stack.start_services()
    assert stat.S_IMODE(stack.places.secrets.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in stack.places.secrets.iterdir()} == {0o600}
    assert stat.S_IMODE(stack.places.sockets.stat().st_mode) == 0o700
    assert stat.S_IMODE(stack.places.data.stat().st_mode) == 0o700
    assert not (stack.places.sockets / "initdb.password").exists()


def test_the_same_secrets_at_every_start(stack):
    first = ensure_credentials(stack.places, stack.postgres, stack.valkey)
    assert ensure_credentials(stack.places, stack.postgres, stack.valkey) == first


def test_data_without_its_secrets_is_refused(stack):
    stack.start_services()
    stack.stop_services()
    (stack.places.secrets / "passwords.env").unlink()
    with pytest.raises(CannotRun, match="Put the folder of secrets back"):
        Stack(stack.places).start_services()


def test_a_killed_valkey_is_started_again(stack):
    stack.start_services()
    kill_nine(stack.valkey.pid())
    assert stack.valkey.pid() is None
    stack.valkey.start()
    assert stack.valkey.answers()


def test_stopping_leaves_no_process(stack):
    stack.start_services()
    members = family(stack.postgres.pid()) + family(stack.valkey.pid())
    assert len(members) > 3
    stack.stop_services()
    assert wait_until_gone(members, 0) == []


def test_a_copy_can_be_restored(stack, tmp_path):
    from trialcapture.runtime import cli

    stack.start_services()
    with owner(stack) as connection:
        connection.execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
    options = type("Options", (), {"file": tmp_path / "copy", "command": "dump"})
    cli.dump(stack, options)
    with pytest.raises(CannotRun, match="nothing is overwritten"):
        cli.restore(stack, options)
    stack.stop_services()
    shutil.move(stack.places.data, stack.places.data.with_name("moved-away"))
    cli.restore(stack, options)
    stack.start_services()
    with owner(stack) as connection:
        row = connection.execute("SELECT n, tableowner FROM kept, pg_tables WHERE tablename = 'kept'").fetchone()
    assert row == (7, "trialcapture_owner")


def test_a_path_too_long_for_a_socket_is_refused(tmp_path):
    with pytest.raises(CannotRun, match="too long for a socket"):
        socket_folder(tmp_path / ("x" * 100))


def test_a_folder_that_is_a_link_is_refused(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(CannotRun, match="belongs to someone else"):
        private_folder(tmp_path / "link")


def test_data_of_an_ordinary_user_is_not_run_by_root(tmp_path, monkeypatch):
    (tmp_path / "pg").mkdir()
    (tmp_path / "pg" / "PG_VERSION").write_text("18")
    monkeypatch.setattr(places_, "is_root", lambda: True)
    with pytest.raises(CannotRun, match="not as root"):
        places_.places(tmp_path)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("FATAL:  could not write lock file: No space left on device", "is full"),
        ("initdb: error: could not access directory: Permission denied", "may not use"),
        ("2026 UTC [1] FATAL:  some other reason", "some other reason"),
        ("", "gave no reason"),
    ],
)
def test_postgres_reasons_become_a_sentence(said, sentence):
    assert sentence in str(explain(Path("/data"), said))
