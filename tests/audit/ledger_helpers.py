"""What the ledger's tests share: something to write events about, and names for what verification finds."""

from types import SimpleNamespace

from django.core.management import call_command

from apps.audit.ledger import ledger
from apps.audit.models import Event
from apps.audit.offline import Report
from apps.audit.verify import verify_database
from apps.common.actors import Actor

NURSE = Actor(user_id=7, name="Zhang Wei 张伟", address="10.0.0.7", request_id="request-0001")


def thing(pk: int = 1) -> SimpleNamespace:
    return SimpleNamespace(_meta=SimpleNamespace(label_lower="nowhere.thing"), pk=pk)


def append(
    study_id: int | None = 1, n: int = 1, *, pk: int = 1, outbox: bool = False, action: str = "nowhere.thing.changed"
):
    """`n` events, each in a transaction of its own; the ids."""
    ids = []
    for i in range(n):
        with ledger(NURSE, study_id) as entry:
            ids.append(
                entry(
                    action=action,
                    obj=thing(pk),
                    label="a thing",
                    site_id=3,
                    subject_id=4,
                    changes=[("WEIGHT", None, f"{i}.40")],
                    outbox=outbox,
                )
            )
    return ids


def kinds(**options) -> set[str]:
    """The kinds of everything that verification finds."""
    return {finding.kind for finding in verify_database(Report(), **options)}


def found(**options) -> list[str]:
    return [str(finding) for finding in verify_database(Report(), **options)]


def positions(chain: str) -> list[int]:
    return list(Event.objects.filter(chain=chain).order_by("seq").values_list("seq", flat=True))


def command(name: str, *arguments: str) -> tuple[int, str]:
    """Exit status and output of a management command."""
    import io

    out = io.StringIO()
    try:
        call_command(name, *arguments, stdout=out)
    except SystemExit as stop:
        return int(stop.code or 0), out.getvalue()
    return 0, out.getvalue()
