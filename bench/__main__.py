"""`make bench [CASE …]`: each figure is a ratio to a reference measured in the same run, medians of interleaved pairs.

A cluster of its own (durable, as in production), thrown away at the end. Nothing here asserts: it prints one table,
and exits 1 where a budget of docs/architecture.md is missed, so that a person looks.
"""

import argparse
import importlib
import os
import pkgutil
import shutil
import sys
import tempfile
from pathlib import Path

from bench import cases
from bench.measure import Row, table
from trialcapture.runtime.places import places
from trialcapture.runtime.stack import Stack

NAMES = [module.name for module in pkgutil.iter_modules(cases.__path__)]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("case", nargs="*", choices=[*NAMES, []], default=[])
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows: to see that it runs")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="trialcapture-bench-"))
    stack = Stack(places(folder), port=int(os.environ.get("BENCH_PORT", "8765")))
    rows: list[Row] = []
    try:
        stack.start_services()
        stack.manage("migrate", "-v", "0", owner=True)
        stack.manage("collectstatic", "--noinput", "-v", "0")
        owner = stack.credentials.owner["OWNER_DATABASE_URL"]
        os.environ.update(stack.environ(OWNER_DATABASE_URL=owner, TRIALCAPTURE_LOG_LEVEL="WARNING"))
        import django

        django.setup()
        for name in options.case or NAMES:
            case = importlib.import_module(f"bench.cases.{name}")
            print(f"… {name}", flush=True)
            rows += case.run(stack, quick=options.quick)
    finally:
        stack.stop()
        stack.forget()
        shutil.rmtree(folder, ignore_errors=True)
    print(table(rows))
    return 1 if any(row.is_over for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
