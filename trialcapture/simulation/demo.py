"""The demonstration: people, laboratories, randomization and subjects in every published study. Safe to run again."""

import datetime as dt
import hashlib
from collections.abc import Callable
from pathlib import Path

import yaml
from django.conf import settings
from django.utils import timezone

from apps.accounts.models import User
from apps.common.actors import SYSTEM, Actor
from apps.common.permissions import Role
from apps.labs.analytes import LIBRARY
from apps.labs.models import Laboratory
from apps.labs.services import open_laboratory, set_ranges
from apps.randomization.drawing import Secret
from apps.randomization.models import Scheme
from apps.randomization.selectors import needs_randomization
from apps.randomization.services import create_scheme, go_live
from apps.studies.models import Membership, Study
from apps.studies.protocol import get_protocol
from apps.subjects.models import Subject
from trialcapture.simulation.people import account_lines, ensure_people, ensure_roles
from trialcapture.simulation.running import Report, Run, simulate

RANGES_FROM = dt.date(2015, 1, 1)
SEED = 2026
# so that some are done, most are on treatment and a few are in screening today
FIRST_SCREENED, RECRUITS_FOR = 430, 420  # days ago, days
ACCOUNTS = "demo-accounts.txt"


class NotADemonstration(Exception):
    """Known passwords and invented subjects belong only where TRIALCAPTURE_DEMO=true says so."""


def refuse_real_data() -> None:
    if not settings.DEMO:
        raise NotADemonstration(
            "This server is no demonstration. Set TRIALCAPTURE_DEMO=true where people with known passwords and invented"
            " subjects are wanted; never where real subjects are."
        )


def prepare_study(study: Study, users: dict[str, User]) -> None:
    """Roles, a laboratory with ranges for each site, and released randomization lists; what is there stays."""
    ensure_roles(study, users)
    for site in study.sites.all():
        _ensure_laboratory(study, site)
    if needs_randomization(get_protocol(study.version_id)) and not Scheme.objects.filter(study=study).exists():
        statistician = _holder(study, Role.UNBLINDED_STATISTICIAN)
        go_live(statistician, create_scheme(statistician, study, secret=_known_secret(study)))


def _known_secret(study: Study) -> Secret:
    """Lists that anyone could derive: a demonstration gives the same arms each time, and no real trial has this secret."""
    nonce, seed = (hashlib.sha256(f"demonstration:{study.slug}:{part}".encode()).digest() for part in ("nonce", "seed"))
    return Secret(nonce, seed)


def _holder(study: Study, role: str) -> Actor:
    held = Membership.objects.filter(study=study, role=role, ended_at=None).select_related("user").order_by("id").first()
    return Actor(held.user_id, held.user.get_full_name()) if held else SYSTEM


def _ensure_laboratory(study: Study, site) -> None:
    if Laboratory.objects.filter(site=site).exists():
        return
    manager = _holder(study, Role.DATA_MANAGER)
    laboratory = open_laboratory(manager, site, f"{site.code}-LAB", f"Demonstration laboratory of {site.code}")
    rows = yaml.safe_load((LIBRARY / "ranges.yaml").read_text(encoding="utf-8"))
    set_ranges(manager, laboratory, rows, effective_from=RANGES_FROM, reason="Demonstration values")


def load(subjects: int, said: Callable[[str], None]) -> list[Report]:
    """Everything for every published study; a study that has subjects gets no more."""
    refuse_real_data()
    users = ensure_people()
    reports = []
    for study in Study.objects.exclude(version=None).order_by("id"):
        prepare_study(study, users)
        if subjects and not Subject.objects.filter(study=study).exists():
            reports.append(_simulate(study, subjects, said))
    write_accounts()
    return reports


def _simulate(study: Study, subjects: int, said: Callable[[str], None]) -> Report:
    today = timezone.localdate()
    run = Run(
        seed=SEED,
        subjects=subjects,
        start=today - dt.timedelta(days=FIRST_SCREENED),
        recruits_for=RECRUITS_FOR,
        until=today,
    )
    report = simulate(study, run)
    said(f"    {study.slug}: {len(report.subjects)} subjects, {report.records} saves, {report.seconds:.0f} s")
    for refusal in report.refused:
        said(f"      refused: {refusal}")
    return report


def write_accounts() -> Path:
    """What ``make demo`` prints: role, user name, password."""
    path = Path(settings.VAR_DIR) / ACCOUNTS
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(account_lines()) + "\n", encoding="utf-8")
    path.chmod(0o600)
    return path
