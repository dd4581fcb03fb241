"""The CSV export of 200,000 records × 25 items against COPY of the same SELECT; its memory; and large documents."""

import multiprocessing
import resource
import tempfile
from pathlib import Path

from django.db import connection, connections
from psycopg import sql

from apps.exports.datasets import Selection, datasets_of, rows_sql
from apps.exports.writing import write_zip
from apps.studies.protocol import get_protocol
from bench import world
from bench.measure import Row, paired


def run(stack, *, quick: bool) -> list[Row]:
    records = 20_000 if quick else 200_000
    study = world.published("bench-export")
    world.fill(study, subjects=records // 20, visits=20, records=records)
    return [_row(study, records), _row_of_sizes(records // 10)]


def _asked(study):
    protocol = get_protocol(study.version_id)
    dataset = next(one for one in datasets_of(protocol, blinded=False) if one.name == "E")
    return dataset, Selection(study.pk, (study.sites.get().pk,), complete_only=False, blinded=False)


def _export(study, path: Path) -> None:
    dataset, selection = _asked(study)
    write_zip(path, [dataset], selection, {}, manifest={}, extra={}, on_progress=lambda *_: None)


def _row(study, records: int) -> Row:
    dataset, selection = _asked(study)
    query = sql.SQL("COPY ({}) TO STDOUT WITH (FORMAT csv, HEADER true)").format(rows_sql(dataset, selection, {}))

    def reference():
        with connection.cursor() as cursor, cursor.copy(query) as copy:
            for _ in copy:
                pass

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.zip"
        ratio, mine, theirs = paired(lambda: _export(study, path), reference, pairs=7)
        size, memory = path.stat().st_size / 1e6, _memory(study, path)
    detail = f"{mine:.1f} s / {theirs:.1f} s, {records} × 25, zip {size:.0f} MB, memory + {memory:.0f} MB"
    return Row("CSV export", "COPY of the same SELECT", ratio, 1.2, detail)


def _memory(study, path: Path) -> float:
    """MB that an export adds to its process at the most, seen in a process that does nothing else."""
    fork = multiprocessing.get_context("fork")
    answer = fork.SimpleQueue()

    def work() -> None:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        _export(study, path)
        answer.put(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)

    connections.close_all()
    process = fork.Process(target=work)
    process.start()
    process.join()
    return answer.get() / 1024


def _row_of_sizes(records: int) -> Row:
    """Documents of 4 kB stand in PostgreSQL's side table, where reading item by item would cost a multiple."""
    small, large = (_study_of(records, hashes) for hashes in (1, 5))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.zip"
        ratio, mine, theirs = paired(lambda: _export(large, path), lambda: _export(small, path), pairs=5)
    detail = f"{mine:.2f} s / {theirs:.2f} s, {records} rows each"
    return Row("CSV export, a row of 4 kB", "a row of 1 kB", ratio, 5, detail)


def _study_of(records: int, hashes: int):
    """Each of 25 items so many times 32 characters that do not compress."""
    study = world.published(f"bench-export-{hashes}")
    world.fill(
        study, subjects=records // 20, visits=20, records=records, value=" || ".join(["md5(random()::text)"] * hashes)
    )
    return study
