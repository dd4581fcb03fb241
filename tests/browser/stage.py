"""What a story needs before it begins: the published trial, its people, its released list; and forms as they are typed."""

from datetime import date, timedelta

from django.test import Client

from apps.accounts.models import User
from apps.common.actors import SYSTEM
from apps.common.permissions import SITE_ROLES, Role
from apps.enrolment import services as enrolment
from apps.randomization import services as randomization
from apps.studies.models import Membership, Site, Study
from apps.studies.protocol import protocol_for_site, site_today
from apps.studies.services import publish
from tests.factories import UserFactory
from tests.journeys import enter
from tests.trials.definitions import T1, T3, loaded

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


class Stage:
    """The users' names are their roles; ``masked`` manages data and is blinded, whatever else that role may see."""

    study: Study
    site: Site

    def publish(self, slug: str) -> Study:
        self.study = publish(SYSTEM, loaded(slug).definition, "for a story").study
        self.site = self.study.sites.order_by("pk").first()
        for role in (Role.COORDINATOR, Role.INVESTIGATOR, Role.MONITOR, Role.OUTCOME_ASSESSOR):
            self.give(role.value, role)
        for role in (Role.DATA_MANAGER, Role.OUTCOME_ASSESSOR):
            self.give("masked", role)
        if protocol_for_site(self.site).definition.randomization:
            randomization.go_live(SYSTEM, randomization.create_scheme(SYSTEM, self.study))
        return self.study

    def give(self, name: str, role: Role) -> None:
        user = User.objects.filter(username=name).first() or UserFactory(username=name)
        Membership.objects.create(user=user, study=self.study, site=self.site if role in SITE_ROLES else None, role=role)

    def session_of(self, name: str) -> str:
        client = Client()
        client.force_login(User.objects.get(username=name), backend=BACKEND)
        return client.cookies["session"].value

    def day(self, days: int = 0) -> str:
        """The site's own day, so many days from today."""
        return (site_today(self.site) + timedelta(days=days)).isoformat()


def consent(stage: Stage, on: int) -> dict:
    return {
        "RFICDAT": stage.day(on),
        "RFICTIM": "09:30",
        "ICVER": "2.1, 中文版",
        "ICSIGNER": "MOTHER",
        "ICCOPY": "Y",
        "ICASSENT": "NOT_REQUIRED",
    }


def chemistry(stage: Stage, on: int) -> dict:
    return {
        "CHEMDAT": stage.day(on),
        "FASTING": "Y",
        "ALT": "22.5",
        "AST": "31.0",
        "BILI": "8.4",
        "CREAT": "32.0",
        "CHOL": "4.10",
        "TRIG": "1.20",
        "GLUC": "4.80",
    }


def blood(stage: Stage, on: int, platelets: str) -> dict:
    return {"HEMDAT": stage.day(on), "PLT": platelets, "HGB": "118", "WBC": "7.20", "ANC": "3.10"}


def dose(stage: Stage, on: int) -> dict:
    return {
        "ECSTDAT": stage.day(on),
        "ECDOSE": "0.80",
        "ECFREQ": "QD",
        "ECFORM": "SOLUTION",
        "ECREASON": "START",
    }


def trough(stage: Stage, on: int, level: str) -> dict:
    """24 hours after the last dose, as a trough of one dose a day is."""
    return {
        "PCDAT": stage.day(on),
        "PCTIM": "08:00",
        "LASTDOSEDAT": stage.day(on - 1),
        "LASTDOSETIM": "08:00",
        "PCBLQ": "N",
        "SIROTR": level,
        "PCASSAY": "LC-MS/MS",
    }


def discontinuation(stage: Stage, on: int) -> dict[str, dict]:
    """T1: what makes a child of six eligible, form by form, in the order of the visit."""
    return {
        "DM": {"BRTHDAT": years_before(stage, 6), "SEX": "F"},
        "DX": {
            "DXDAT": years_before(stage, 5),
            "DXISSVA": "KHE",
            "DXPATH": "Y",
            "DXLOC": ["TRUNK", "LOWER_LIMB"],
            "KMP": "Y",
            "KMPDAT": years_before(stage, 5)[:7],
            "KMPPLT": "23",
            "SIRSTDAT": years_before(stage, 4),
            "REMSTDAT": years_before(stage, 3),
            "REMBASIS": '=1+1, "stable" volume; 血小板正常',
        },
        "HEM": blood(stage, on, "254"),
        "CHEM": chemistry(stage, on),
        "ELIG": {"I03YN": "Y", "TOXHX": "N", "ALTULN": "40.0", "ASTULN": "50.0", "BILIULN": "17.1", "CREATULN": "62.0"}
        | {f"E0{number}YN": "N" for number in range(1, 6)},
    }


def propranolol(stage: Stage, on: int, length_after: str) -> dict[str, dict]:
    """T3: an infant of eight months; the length after propranolol decides the shrinkage (10 cm before)."""
    return {
        "DM": {"BRTHDAT": stage.day(on - 245), "SEX": "M"},
        "DX": {
            "DXDAT": stage.day(on - 200),
            "DXISSVA": "IH",
            "DXPATH": "N",
            "DXLOC": ["LIVER"],
            "DXDEPTH": "DEEP",
            "KMP": "N",
        },
        "PRO": {
            "PROPST": stage.day(on - 130),
            "PROPEN": stage.day(on - 2),
            "PROPDOSE": "2.00",
            "SHBDAT": stage.day(on - 131),
            "SHBMOD": "US",
            "SHBL": "10.00",
            "SHBW": "6.00",
            "SHBD": "5.00",
            "SHADAT": stage.day(on - 2),
            "SHAMOD": "US",
            "SHAL": length_after,
            "SHAW": "6.00",
            "SHAD": "5.00",
        },
        "HEM": blood(stage, on, "310"),
        "ELIG": {"IHHEYN": "Y", "IHHEHOW": ["US", "MRI"], "E01YN": "N", "E02YN": "N", "E03YN": "N"},
    }


def years_before(stage: Stage, years: int) -> str:
    today = date.fromisoformat(stage.day())
    return date(today.year - years, 3, 5).isoformat()


def eligible(stage: Stage):
    """Of T1, with all that its criteria read; confirmed and enrolled."""
    subject = enrolment.screen(SYSTEM, stage.site, date.fromisoformat(stage.day(-10)))
    enter(subject, "IC", "SCR", complete=True, **consent(stage, -10))
    for oid, values in discontinuation(stage, -10).items():
        enter(subject, oid, "SCR", complete=True, **values)
    enrolment.confirm_eligibility(SYSTEM, subject)
    return enrolment.enrol_subject(SYSTEM, subject)


__all__ = ["T1", "T3", "Stage", "eligible"]
