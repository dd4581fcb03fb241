"""A Chromium for the tests of the pages: the system's, installed by apt where it is missing and this is root.

`python -m trialcapture.runtime.browser` ends with one sentence and status 1 where there is none and none can be had.
"""

import os
import shutil
import subprocess

from trialcapture.runtime.errors import CannotRun
from trialcapture.runtime.places import is_root

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES = ["chromium", "fonts-noto-cjk"]


def find() -> str | None:
    """`CHROMIUM` where it is set, else the first that is installed."""
    return os.environ.get("CHROMIUM") or next((path for path in map(shutil.which, NAMES) if path), None)


def main() -> None:
    if find():
        return
    if not (is_root() and shutil.which("apt-get")):
        raise CannotRun(
            f"The browser tests need Chromium. Debian: sudo apt-get install {' '.join(PACKAGES)}"
            f" (or set CHROMIUM to the path of one)."
        )
    print("  Installing Chromium by apt-get …", flush=True)
    apt("update")
    apt("install", "-y", "--no-install-recommends", *PACKAGES)


def apt(*words: str) -> None:
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        ["apt-get", "-q", *words], env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no reason was given"])[-1]
        raise CannotRun(f"apt-get {words[0]} failed: {reason} Check the network, and start again.")


if __name__ == "__main__":
    main()
