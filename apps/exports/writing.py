"""Streaming datasets from PostgreSQL into a zip: COPY out, hash and compress, in bounded memory."""

import hashlib
import json
import queue
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connections, transaction
from psycopg import sql

from apps.exports.datasets import Dataset, Selection, columns_of, rows_sql, source_sql

ALIAS = "replica"  # reads of exports may go to a replica


class ExportMismatch(Exception):
    """The file holds another number of rows than the database: the export is not done."""


@contextmanager
def snapshot() -> Iterator[Any]:
    """One consistent view of the study for all files of an export."""
    connection = connections[ALIAS]
    nested = connection.in_atomic_block
    with transaction.atomic(using=ALIAS), connection.cursor() as cursor:
        if not nested:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield cursor


def write_zip(
    path: Path,
    datasets: list[Dataset],
    selection: Selection,
    labels: dict[str, dict[str, str]],
    *,
    manifest: dict[str, Any],
    extra: dict[str, sql.Composable],
    on_progress: Callable[[int, int, str], None],
) -> dict[str, Any]:
    """Write every dataset and ``extra`` query as CSV, then ``manifest.json``; returns the manifest with its files.

    ``on_progress(done, of, name)`` is called before each file. Raises ExportMismatch where a count differs.
    """
    files = []
    with snapshot() as cursor, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        cursor.execute(
            "SELECT seq, encode(head_hash, 'hex') FROM audit_chain WHERE key = %s", [f"study:{selection.study_id}"]
        )
        position, head = cursor.fetchone() or (0, "")
        for number, dataset in enumerate(datasets):
            on_progress(number, len(datasets) + len(extra), dataset.name)
            query = rows_sql(dataset, selection, labels)
            count = sql.SQL("SELECT count(*) {}").format(source_sql(dataset, selection))
            files.append(_write_csv(cursor, archive, f"{dataset.name}.csv", query, count, columns_of(dataset)))
        for number, (name, select) in enumerate(extra.items(), start=len(datasets)):
            on_progress(number, len(datasets) + len(extra), name)
            count = sql.SQL("SELECT count(*) FROM ({}) AS q").format(select)
            files.append(_write_csv(cursor, archive, f"{name}.csv", select, count, None))
        # how many events there are tells the blinded how many they do not see, and so the arm
        place = {"hash": head} if selection.blinded else {"position": position, "hash": head}
        manifest = {**manifest, "ledger": place, "files": files}
        archive.writestr("manifest.json", json.dumps(manifest, indent=2, ensure_ascii=False, default=str))
    return manifest


def _write_csv(cursor, archive, name: str, query: sql.Composable, count: sql.Composable, columns) -> dict[str, Any]:
    header = b""
    copy_sql = sql.SQL("COPY ({}) TO STDOUT WITH (FORMAT csv, HEADER true)").format(query)
    with archive.open(name, "w", force_zip64=True) as target:
        packer = Packer(target)
        with packer, cursor.copy(copy_sql) as copy:
            for block in _blocks(copy):
                header = header or bytes(block).split(b"\n", 1)[0]
                packer.put(block)
        rows = cursor.rowcount
    cursor.execute(count)
    expected = cursor.fetchone()[0]
    if rows != expected:
        raise ExportMismatch(f"{name}: {rows} rows written, {expected} in the database")
    names = columns or header.decode("utf-8").split(",")
    sha256 = packer.digest.hexdigest()
    return {"name": name, "rows": rows, "columns": len(names), "bytes": packer.size, "sha256": sha256}


class Packer:
    """Hashes and compresses in a thread beside the one that reads, a few blocks behind it at most.

    Both work outside the interpreter's lock, so reading does not wait for them. The thread's error is the reader's.
    """

    def __init__(self, target) -> None:
        self.target, self.digest, self.size = target, hashlib.sha256(), 0
        self._blocks: queue.Queue[bytearray | None] = queue.Queue(maxsize=4)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> "Packer":
        self._thread.start()
        return self

    def put(self, block: bytearray) -> None:
        if self._error:
            raise self._error
        self._blocks.put(block)

    def __exit__(self, kind, value, traceback) -> None:
        self._blocks.put(None)
        self._thread.join()
        if self._error and value is None:
            raise self._error

    def _work(self) -> None:
        while (block := self._blocks.get()) is not None:
            if self._error is None:
                self._pack(block)

    def _pack(self, block: bytearray) -> None:
        try:
            self.digest.update(block)
            self.target.write(block)
            self.size += len(block)
        except Exception as error:
            self._error = error


def _blocks(copy, size: int = 1 << 20) -> Iterator[bytearray]:
    """COPY gives a line at a time; hashing and compressing want larger pieces."""
    block = bytearray()
    for piece in copy:
        block += piece
        if len(block) >= size:
            yield block
            block = bytearray()
    if block:
        yield block
