"""The people of the demonstration: one for each role, the same in every study, and a second team for the other sites."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from apps.accounts.models import User
from apps.accounts.services import create_account
from apps.common.actors import SYSTEM
from apps.common.permissions import Role
from apps.studies.models import Membership, Site, Study
from apps.studies.protocol import get_protocol
from apps.studies.services import grant_role

# known to everybody, therefore only where TRIALCAPTURE_DEMO=true
PASSWORD = "guarded-spider-lily-47"
ALL, FIRST, OTHERS, BLINDED = "all sites", "first site", "other sites", "all sites, where blinded"


@dataclass(frozen=True)
class Person:
    """``where``: at which sites of each study the role is held."""

    username: str
    full_name: str
    role: str
    where: str = ALL
    language: str = "en"


PEOPLE = (
    Person("coordinator", "Li Mei", Role.COORDINATOR, FIRST),
    Person("staff", "Wang Fang", Role.SITE_STAFF, FIRST),
    Person("nurse", "Zhao Lin", Role.SITE_STAFF, FIRST),
    Person("investigator", "Chen Guang", Role.INVESTIGATOR, FIRST),
    Person("pharmacist", "Sun Yi", Role.PHARMACIST, FIRST),
    Person("coordinator2", "Liu Yang", Role.COORDINATOR, OTHERS, "zh-hans"),
    Person("staff2", "Huang Jing", Role.SITE_STAFF, OTHERS, "zh-hans"),
    Person("investigator2", "Xu Wei", Role.INVESTIGATOR, OTHERS, "zh-hans"),
    Person("monitor", "Anna Keller", Role.MONITOR),
    Person("datamanager", "Zhang Min", Role.DATA_MANAGER),
    Person("safety", "Helen Ward", Role.SAFETY_OFFICER),
    Person("medicalmonitor", "Robert Hale", Role.MEDICAL_MONITOR),
    Person("statistician", "Ito Naoko", Role.UNBLINDED_STATISTICIAN),
    Person("admin", "Gao Hui", Role.STUDY_ADMIN),
    Person("assessor", "Ma Lan", Role.OUTCOME_ASSESSOR, BLINDED),
    Person("coder", "Petra Novak", Role.CODER),
    Person("auditor", "Jonas Berg", Role.AUDITOR),
)
OPERATOR = Person("operator", "Operator of this server", "operator")


def ensure_people(password: str = PASSWORD) -> dict[str, User]:
    """Every person of the demonstration with the known password; whoever is there already stays as they are."""
    return {person.username: _ensure(person, password) for person in (*PEOPLE, OPERATOR)}


def _ensure(person: Person, password: str) -> User:
    found = User.objects.filter(username=person.username).first()
    if found is not None:
        return found
    with transaction.atomic():
        user = create_account(
            SYSTEM,
            username=person.username,
            email=f"{person.username}@demo.invalid",
            full_name=person.full_name,
            language=person.language,
            is_operator=person is OPERATOR,
            reason="Demonstration",
        )
        # no service sets another person's password, and in a demonstration nobody reads the invitation
        user.set_password(password)
        user.save(update_fields=["password"])
    return user


def ensure_roles(study: Study, users: dict[str, User]) -> None:
    """Each person's role at the study, once."""
    sites = list(study.sites.order_by("id"))  # as the definition names them: its own hospital first
    held = set(Membership.objects.filter(study=study, ended_at=None).values_list("user_id", "role", "site_id"))
    for person in PEOPLE:
        for site in _sites_of(person, study, sites):
            if (users[person.username].pk, str(person.role), site.pk if site else None) not in held:
                grant_role(SYSTEM, users[person.username], study, person.role, site, reason="Demonstration")


def _sites_of(person: Person, study: Study, sites: list[Site]) -> Iterable[Site | None]:
    if person.where == FIRST:
        return sites[:1]
    if person.where == OTHERS:
        return sites[1:]
    blinded = get_protocol(study.version_id).definition.blinding.blinded
    return [None] if person.where == ALL or person.role in blinded else []


def account_lines(password: str = PASSWORD) -> list[str]:
    """One sign-in a line: role, user name, password."""
    rows = [(str(Role(person.role).label), person.username) for person in PEOPLE] + [("Operator", OPERATOR.username)]
    width, names = max(len(role) for role, _name in rows), max(len(name) for _role, name in rows)
    return [f"{role:<{width}}  {name:<{names}}  {password}" for role, name in rows]
