"""``python -m apps.studies.check FILE...``: are these definition files right? Needs no database and no settings."""

import sys
from pathlib import Path

from apps.studies.loading import check_file


def main(names: list[str]) -> int:
    """Prints every problem; 1 where a file has an error, 2 where none is named."""
    if not names:
        print("Name the files to check: python -m apps.studies.check fixtures/studies/*.yaml")
        return 2
    wrong = 0
    for name in names:
        problems = check_file(Path(name))
        errors = sum(problem.is_error for problem in problems)
        wrong += bool(errors)
        for problem in problems:
            print(problem)
        print(f"{name}: {errors} errors, {len(problems) - errors} warnings")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
