"""The CSV export of 200,000 records × 25 items against COPY of the same SELECT; and its memory."""

import resource
import tempfile
from pathlib import Path

from django.db import connection
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
    rows = [_row(study, records, "1 kB documents")]
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rows[0] = Row(**{**vars(rows[0]), "detail": f"{rows[0].detail}, peak {kilobytes / 1024:.0f} MB"})
    return rows


def _row(study, records: int, what: str) -> Row:
    protocol = get_protocol(study.version_id)
    dataset = next(one for one in datasets_of(protocol, blinded=False) if one.name == "E")
    selection = Selection(study.pk, (study.sites.get().pk,), complete_only=False, blinded=False)
    query = sql.SQL("COPY ({}) TO STDOUT WITH (FORMAT csv, HEADER true)").format(rows_sql(dataset, selection, {}))

    def reference():
        with connection.cursor() as cursor, cursor.copy(query) as copy:
            for _ in copy:
                pass

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.zip"

        def work():
            write_zip(path, [dataset], selection, {}, manifest={}, extra={}, on_progress=lambda *_: None)

        ratio, mine, theirs = paired(work, reference, pairs=5)
        size = path.stat().st_size / 1e6
    detail = f"{mine:.1f} s / {theirs:.1f} s, {records} × 25, zip {size:.0f} MB"
    return Row(f"CSV export, {what}", "COPY of the same SELECT", ratio, 1.2, detail)
