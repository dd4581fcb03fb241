#!/usr/bin/env python
"""Django's command line, and before it the commands that start and stop what Django needs."""

import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit("TrialCapture needs Python 3.11 or newer; this is %s." % sys.version.split()[0])  # noqa: UP031

RUNTIME = ("up", "demo", "down", "status", "reset", "dump", "restore")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trialcapture.settings")
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command in RUNTIME or command == "migrate":
        from trialcapture.runtime import cli

        if command in RUNTIME:
            sys.exit(cli.main(sys.argv[1:]))
        cli.use_owner()
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
