"""`manage.py up | demo | down | status | reset | dump | restore`: before Django, for they make what its settings read.

up [--services]  everything in the foreground until Ctrl-C; or PostgreSQL and Valkey alone, in the background
demo             `up`, with the five trials, people and simulated subjects loaded
down             stop what runs here, whoever started it
status           what runs, and where it lives
reset [--yes]    drop all data, files, keys and logs of this installation
dump FILE        a copy of the database that any later release can restore
restore FILE     the copy's rows, into a data directory that does not exist yet
"""

import argparse
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from trialcapture.runtime.binaries import bin_dir
from trialcapture.runtime.children import Children
from trialcapture.runtime.credentials import DATABASE, read_env
from trialcapture.runtime.demo import farewell, load, prepare
from trialcapture.runtime.errors import CannotRun
from trialcapture.runtime.places import places
from trialcapture.runtime.postgres import SUPERUSER
from trialcapture.runtime.preflight import check_port, check_python, check_room, check_writable, port_from
from trialcapture.runtime.processes import find, wait_until_gone
from trialcapture.runtime.stack import NAMES, Stack
from trialcapture.runtime.supervisor import look_after, stops_everything
from trialcapture.runtime.words import confirmed, say, step

COMMANDS = ("up", "demo", "down", "status", "reset", "dump", "restore")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="manage.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--services", action="store_true")
    parser.add_argument("--yes", action="store_true")
    options = parser.parse_args(arguments)
    check_python()
    stack = Stack(places(), port_from(dict(os.environ)), is_demo=options.command == "demo")
    actions: dict[str, Callable[[Stack, argparse.Namespace], int | None]] = {
        "up": up,
        "demo": demo,
        "down": down,
        "status": status,
        "reset": reset,
        "dump": dump,
        "restore": restore,
    }
    return actions[options.command](stack, options) or 0


def up(stack: Stack, options: argparse.Namespace, *, with_data: bool = False) -> None:
    check_writable(stack.places.var)
    check_room(stack.places.data)
    with stack.only_one():
        # strays of a killed supervisor hold the port; anyone else there is a stranger
        stack.children.stop_strays()
        if options.services:
            start_services(stack)
            return
        check_port(stack.port)
        with stops_everything(stack) as request:
            start_services(stack)
            prepare(stack)
            if with_data:
                load(stack)
            with step("Starting web, worker and beat"):
                stack.start_children()
                stack.wait_until_ready()
            farewell(stack)
            look_after(stack, request)


def start_services(stack: Stack) -> None:
    with step("Starting PostgreSQL and Valkey"):
        stack.start_services()


def demo(stack: Stack, options: argparse.Namespace) -> None:
    up(stack, options, with_data=True)


def down(stack: Stack, _options: argparse.Namespace | None = None) -> None:
    supervisor = find(stack.supervisor_pid())
    if supervisor:
        supervisor.terminate()
        if wait_until_gone([supervisor], 60):
            raise CannotRun(f"Process {supervisor.pid} does not stop.")
    stack.stop()
    say("Stopped.")


def status(stack: Stack, _options: argparse.Namespace) -> int:
    """Exit status 0 when the database, Valkey and web, worker and beat run, 3 when something does not."""
    children = Children(stack.places.run, stack.places.logs, {})
    started = {row["name"]: row["pid"] for row in children.rows() if find(row["pid"])}
    rows = [("postgres", stack.postgres.pid()), ("valkey", stack.valkey.pid())]
    rows += [(name, started.get(name)) for name in NAMES]
    for name, pid in rows:
        say(f"{name:<10} {f'runs (process {pid})' if pid else 'stopped'}")
    say(f"data       {stack.places.data}", f"files      {stack.places.var}", f"sockets    {stack.places.sockets}")
    return 0 if all(pid for _name, pid in rows) else 3


def reset(stack: Stack, options: argparse.Namespace) -> None:
    what = f"all data in {stack.places.data} and {stack.places.var}, keys included"
    if not options.yes and not confirmed(f"Drop {what}? This cannot be undone."):
        raise CannotRun("Nothing was dropped. (Without a terminal: `manage.py reset --yes`.)")
    down(stack)
    stack.forget()
    say(f"Dropped: {what}.")


def dump(stack: Stack, options: argparse.Namespace) -> None:
    target = file_of(options)
    with borrowed(stack), step(f"Writing {target}"):
        call("pg_dump", stack, "--format=custom", f"--file={target}")


def restore(stack: Stack, options: argparse.Namespace) -> None:
    source = file_of(options)
    if not source.is_file():
        raise CannotRun(f"{source} is not there.")
    if (stack.places.data / "PG_VERSION").exists():
        raise CannotRun(f"There is data in {stack.places.data}. Move that folder away first; nothing is overwritten.")
    with borrowed(stack), step(f"Restoring {source}"):
        # the database is new and holds nothing but its own empty schema
        call("pg_restore", stack, "--single-transaction", "--exit-on-error", "--clean", "--if-exists", str(source))


def file_of(options: argparse.Namespace) -> Path:
    if options.file is None:
        raise CannotRun(f"Which file? manage.py {options.command} FILE")
    return options.file.absolute()


class borrowed:  # noqa: N801
    """The services, for the length of the block: as they were afterwards."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.ran = stack, (stack.postgres.pid() is not None)

    def __enter__(self) -> None:
        start_services(self.stack)

    def __exit__(self, *_error) -> None:
        if not self.ran:
            self.stack.stop_services()


def call(program: str, stack: Stack, *arguments: str) -> None:
    """One of PostgreSQL's clients as the superuser; the password goes by the environment, not by the command line."""
    environ = {**os.environ, "PGPASSWORD": stack.credentials.superuser_password}
    place = [f"--host={stack.places.sockets}", f"--username={SUPERUSER}", f"--dbname={DATABASE}"]
    done = subprocess.run(
        [str(bin_dir() / program), *place, *arguments], env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise CannotRun(f"{program}: {done.stderr.strip()}")


def use_owner() -> None:
    """`migrate` changes tables, which only their owner may: on a laptop its address is read from `owner.env`."""
    if os.environ.get("DATABASE_URL") or os.environ.get("DATABASE_URL_FILE"):
        return
    values = read_env(places().secrets / "owner.env")
    if values:
        os.environ["DATABASE_URL"] = values["OWNER_DATABASE_URL"]
        for name, value in read_env(places().secrets / "web.env").items():
            os.environ.setdefault(name, value)
