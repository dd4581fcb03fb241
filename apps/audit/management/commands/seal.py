"""``manage.py seal``: seal every chain now; ``--public-key`` prints the key that verifies the seals."""

import base64

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.audit.sealing import UnusableKey, private_key, public_bytes
from apps.audit.services import seal_chains
from apps.common.errors import DomainError


class Command(BaseCommand):
    help = "Seal every chain that moved since its last seal, and copy the seals to the seal folder."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--public-key", action="store_true", help="print the public key and seal nothing")

    def handle(self, *args, **options) -> None:
        try:
            if options["public_key"]:
                self.stdout.write(base64.b64encode(public_bytes(private_key(settings.SEAL_KEY))).decode())
                return
            count = seal_chains()
        except (UnusableKey, DomainError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{count} seals, copied to {settings.SEAL_DIR}.")
