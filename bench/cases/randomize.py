"""Eight clients randomizing at once against the same clients taking a bare locked slot; no slot twice, none skipped.

The clients are as the web server runs them: two processes of four threads, each thread with a connection of its own.
"""

import multiprocessing
import statistics
import threading
import time

from django.db import connection, connections, transaction

from apps.common.actors import SYSTEM
from apps.enrolment import services as enrolment
from apps.randomization import services as randomization
from apps.randomization.models import Allocation, Scheme, Slot
from apps.subjects.models import Subject
from bench import world
from bench.measure import Row

PROCESSES, THREADS = 2, 4
CLIENTS = PROCESSES * THREADS


def run(stack, *, quick: bool) -> list[Row]:
    each = 5 if quick else 20
    study = world.published("bench-randomize", visits=13)
    scheme = randomization.go_live(SYSTEM, randomization.create_scheme(SYSTEM, study))
    subjects = [_enrolled(study) for _ in range(CLIENTS * each)]
    with world.as_owner() as owner:
        owner.execute("CREATE TABLE bench_slot (id serial PRIMARY KEY, used_by bigint)")
        owner.execute("INSERT INTO bench_slot (used_by) SELECT NULL FROM generate_series(1, 5000)")
        owner.execute(f"GRANT SELECT, UPDATE ON bench_slot TO {connection.settings_dict['USER']}")
    bare = statistics.median(_rate(lambda subject: _take_bare(subject.pk), subjects) for _ in range(3))
    ours = _rate(lambda subject: randomization.randomize_subject(SYSTEM, subject), subjects)
    _assert_gapless(scheme, len(subjects))
    detail = f"{ours:.0f}/s, bare {bare:.0f}/s, {len(subjects)} subjects"
    return [Row("randomize, 8 clients", "a bare locked slot update", ours / bare, 0.3, detail, at_least=True)]


def _enrolled(study) -> Subject:
    from tests.journeys import enter

    site = study.sites.get()
    from apps.subjects.selectors import today_at

    subject = enrolment.screen(SYSTEM, site, today_at(site))
    enter(subject, "IC", "V00", RFICDAT=today_at(site).isoformat(), OKAY="Y")
    enrolment.confirm_eligibility(SYSTEM, subject)
    return enrolment.enrol_subject(SYSTEM, subject)


def _take_bare(subject_id: int) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT id FROM bench_slot WHERE used_by IS NULL ORDER BY id LIMIT 1 FOR UPDATE")
        cursor.execute("UPDATE bench_slot SET used_by = %s WHERE id = %s", [subject_id, cursor.fetchone()[0]])


def _rate(work, subjects) -> float:
    """Subjects a second, from when all clients are ready until the last has done its share."""
    fork = multiprocessing.get_context("fork")
    barrier, failures = fork.Barrier(CLIENTS + 1), fork.SimpleQueue()
    connections.close_all()
    processes = [
        fork.Process(target=_process, args=(work, subjects[n::PROCESSES], barrier, failures)) for n in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    barrier.wait()
    start = time.perf_counter()
    for process in processes:
        process.join()
    taken = time.perf_counter() - start
    if not failures.empty():
        raise RuntimeError(failures.get())
    return len(subjects) / taken


def _process(work, subjects, barrier, failures) -> None:
    waiting = list(subjects)
    threads = [threading.Thread(target=_client, args=(work, waiting, barrier, failures)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _client(work, waiting, barrier, failures) -> None:
    connection.ensure_connection()
    barrier.wait()
    try:
        while waiting:
            work(waiting.pop())
    except IndexError:
        pass  # another thread took the last
    except Exception as error:
        failures.put(repr(error))
    finally:
        connections.close_all()


def _assert_gapless(scheme: Scheme, count: int) -> None:
    used = list(
        Slot.objects.filter(scheme=scheme).exclude(used_at=None).order_by("position").values_list("position", flat=True)
    )
    first = used[0]
    assert used == list(range(first, first + count)), "a slot was skipped or shared"
    assert Allocation.objects.filter(study=scheme.study).count() == count
