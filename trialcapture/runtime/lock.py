"""`make lock`: from the short lists to every package pinned with its hashes. No host is named in the result."""

import subprocess
import sys
from pathlib import Path

from trialcapture.runtime.errors import CannotRun
from trialcapture.runtime.places import BASE_DIR

OPTIONS = ["--generate-hashes", "--no-emit-index-url", "--no-header", "--universal", "--python-version=3.11", "-q"]


def main() -> None:
    # the list for developers contains the other one, at the same versions
    compile_list("requirements.in", "requirements.txt")
    compile_list("requirements-dev.in", "requirements-dev.txt", "--constraint=requirements.txt")


def compile_list(source: str, target: str, *more: str) -> None:
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv), "pip", "compile", source, "-o", target, *OPTIONS, *more]
    if subprocess.run(command, cwd=BASE_DIR, check=False).returncode != 0:
        raise CannotRun(f"{target} was not changed.")
    print(f"  {target}")


if __name__ == "__main__":
    main()
