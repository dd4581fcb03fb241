"""A small study for the tests of capture: every item type, hidden and computed items, checks, a table, a log, a blind."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from apps.accounts.models import User
from apps.capture.places import RecordRef
from apps.common.actors import SYSTEM, Actor
from apps.studies.definition import StudyDefinition
from apps.studies.models import Form, Membership, Site, SiteVersion, Study, StudyVersion
from apps.subjects.models import Subject
from apps.subjects.services import set_milestone
from apps.visits.models import SubjectVisit
from apps.visits.services import replan

FORMS: list[dict[str, Any]] = [
    {
        "oid": "IC",
        "title": {"en": "Consent", "zh": "知情同意"},
        "groups": [
            {
                "oid": "IC_MAIN",
                "items": [
                    {"oid": "RFICDAT", "type": "date", "label": "Date of consent", "milestone": "consent", "required": True},
                ],
            }
        ],
    },
    {
        "oid": "VS",
        "title": {"en": "Vital signs", "zh": "生命体征"},
        "groups": [
            {
                "oid": "VS_MAIN",
                "title": {"en": "Measured", "zh": "测量"},
                "items": [
                    {"oid": "VSDAT", "type": "date", "label": "Date", "required": True},
                    {
                        "oid": "HEIGHT",
                        "type": "decimal",
                        "label": {"en": "Height", "zh": "身高"},
                        "unit": "cm",
                        "unit_choices": {"in": "2.54"},
                        "decimals": 1,
                        "required": True,
                        "range": {"soft": "[40, 190]", "hard": "[20, 250]"},
                    },
                    {
                        "oid": "WEIGHT",
                        "type": "decimal",
                        "label": {"en": "Weight", "zh": "体重"},
                        "unit": "kg",
                        "decimals": 2,
                        "checks": [
                            {
                                "oid": "WEIGHT_CHANGE",
                                "rule": "abs(pct_change(WEIGHT, previous(WEIGHT))) <= 30",
                                "message": {"en": "The weight changed by more than 30 %.", "zh": "体重变化超过30%。"},
                            }
                        ],
                    },
                    {
                        "oid": "BSA",
                        "type": "computed",
                        "label": {"en": "Body surface", "zh": "体表面积"},
                        "unit": "m2",
                        "decimals": 4,
                        "compute": "bsa(HEIGHT, WEIGHT)",
                    },
                    {"oid": "TEMPDONE", "type": "yesno", "label": "Temperature taken?"},
                    {
                        "oid": "TEMP",
                        "type": "decimal",
                        "label": "Temperature",
                        "unit": "°C",
                        "decimals": 1,
                        "required": True,
                        "show_if": "TEMPDONE == yes",
                        "range": {"hard": "[30, 45]"},
                    },
                    {
                        "oid": "FEVER",
                        "type": "yesno",
                        "label": "Fever?",
                        "show_if": "TEMP > 38",
                        "checks": [
                            {
                                "oid": "FEVER_SAID",
                                "rule": "FEVER == yes",
                                "message": {"en": "Above 38 °C there is fever.", "zh": "高于38°C即为发热。"},
                                "severity": "hard",
                            }
                        ],
                    },
                    {"oid": "VSTIME", "type": "time", "label": "Time"},
                    {"oid": "ONSET", "type": "date", "partial": True, "label": "Onset"},
                    {"oid": "TAKEN", "type": "datetime", "label": "Taken at"},
                    {"oid": "PULSE", "type": "integer", "label": "Pulse", "unit": "/min"},
                    {"oid": "POS", "type": "choice", "label": "Position", "codelist": "POSITION"},
                    {"oid": "SIGNS", "type": "choices", "label": "Signs", "codelist": "SIGNLIST"},
                    {"oid": "REMARK", "type": "text", "label": "Remark", "max_length": 50},
                    {
                        "oid": "BATCH",
                        "type": "text",
                        "label": "Batch",
                        "pattern": "[A-Z]{2}[0-9]{3}",
                        "help": {"en": "Two letters, three digits.", "zh": "两个字母三个数字。"},
                    },
                    {"oid": "IMAGE", "type": "file", "label": "Image"},
                    {"oid": "HINT", "type": "note", "label": {"en": "Measure without shoes.", "zh": "请脱鞋测量。"}},
                ],
            },
            {
                "oid": "LESION",
                "title": {"en": "Lesions", "zh": "病灶"},
                "repeating": True,
                "items": [
                    {"oid": "LESLOC", "type": "text", "label": "Site", "required": True},
                    {"oid": "LENGTH", "type": "decimal", "label": "Length", "unit": "cm", "decimals": 1},
                    {
                        "oid": "WIDTH",
                        "type": "decimal",
                        "label": "Width",
                        "unit": "cm",
                        "decimals": 1,
                        "checks": [
                            {
                                "oid": "WIDTH_SMALLER",
                                "rule": "WIDTH <= LENGTH",
                                "message": {"en": "The width is above the length.", "zh": "宽度大于长度。"},
                            }
                        ],
                    },
                    {
                        "oid": "AREA",
                        "type": "computed",
                        "label": "Area",
                        "unit": "cm2",
                        "decimals": 2,
                        "compute": "LENGTH * WIDTH",
                    },
                ],
            },
            {
                "oid": "VS_SUM",
                "items": [
                    {
                        "oid": "TOTAL",
                        "type": "computed",
                        "label": "Sum of lengths",
                        "unit": "cm",
                        "decimals": 1,
                        "compute": "sum(LENGTH)",
                    }
                ],
            },
        ],
    },
    {
        "oid": "AE",
        "title": {"en": "Adverse event", "zh": "不良事件"},
        "repeating": True,
        "groups": [
            {
                "oid": "AE_MAIN",
                "items": [
                    {"oid": "AETERM", "type": "text", "label": "Event", "required": True},
                    {"oid": "AESTDAT", "type": "date", "partial": True, "label": "Start"},
                    {
                        "oid": "AEENDAT",
                        "type": "date",
                        "partial": True,
                        "label": "End",
                        "checks": [
                            {
                                "oid": "AE_ORDER",
                                "rule": "AEENDAT >= AESTDAT",
                                "message": {"en": "The end lies before the start.", "zh": "结束早于开始。"},
                                "severity": "hard",
                            }
                        ],
                    },
                    {"oid": "AERELAPSE", "type": "date", "label": "Relapse", "milestone": "relapse"},
                ],
            }
        ],
    },
    {
        "oid": "PC",
        "title": {"en": "Trough", "zh": "谷浓度"},
        "blinding": "arm",
        "groups": [{"oid": "PC_MAIN", "items": [{"oid": "SIROTR", "type": "decimal", "label": "Level", "decimals": 1}]}],
    },
    {
        "oid": "HEM",
        "title": {"en": "Blood count", "zh": "血常规"},
        "groups": [
            {
                "oid": "HEM_MAIN",
                "items": [
                    {"oid": "PLT", "type": "decimal", "label": "Platelets", "unit": "10^9/L", "decimals": 0},
                    {"oid": "DOSEHINT", "type": "text", "label": "Dose at sample", "blinding": "arm"},
                ],
            }
        ],
    },
]
DEFINITION: dict[str, Any] = {
    "study": "small-trial",
    "title": {"en": "A small trial", "zh": "小型试验"},
    "sponsor": "A hospital",
    "registry": {"id": "NCT00000000", "source": "assumption"},
    "target": 10,
    "ctcae": {"version": "5.0", "source": "assumption"},
    "arms": [{"code": "SIRO", "type": "experimental", "label": "Sirolimus", "source": "assumption"}],
    "blinding": {"blinded": ["outcome_assessor"], "source": "assumption"},
    "eligibility": [
        {"code": "I01", "kind": "inclusion", "text": "Weight known", "rule": "WEIGHT > 0", "source": "assumption"}
    ],
    "visits": [
        {
            "code": code,
            "label": code,
            "anchor": "consent",
            "at": at,
            "window": ["-3d", "+3d"],
            "source": "assumption",
            "forms": forms,
        }
        for code, at, forms in (
            ("SCR", "0 days", ["IC", "VS", "HEM"]),
            ("W2", "2 weeks", ["VS", "HEM", "PC"]),
            ("M1", "1 month", ["VS", "HEM"]),
        )
    ]
    + [{"code": "UNS", "label": "Unscheduled", "kind": "unscheduled", "source": "assumption", "forms": ["VS"]}],
    "log_forms": ["AE"],
    "forms": FORMS,
    "codelists": [
        {"oid": "POSITION", "codes": [{"code": "SITTING", "label": "Sitting"}, {"code": "LYING", "label": "Lying"}]},
        {"oid": "SIGNLIST", "codes": [{"code": "PAIN", "label": "Pain"}, {"code": "HEAT", "label": "Heat"}]},
    ],
}


def actor_of(user: User) -> Actor:
    return Actor(user_id=user.pk, name=user.get_full_name())


@dataclass
class SmallStudy:
    """One site with one consented subject, another site, and one person per role that capture asks about."""

    study: Study
    site: Site
    other_site: Site
    subject: Subject
    people: dict[str, User]

    def actor(self, who: str = "coordinator") -> Actor:
        return actor_of(self.people[who])

    def visit(self, code: str) -> SubjectVisit:
        return SubjectVisit.objects.get(subject=self.subject, code=code)

    def ref(self, form: str, visit: str | None = "SCR", repeat: int = 1) -> RecordRef:
        return RecordRef(self.subject.pk, form, self.visit(visit).pk if visit else None, repeat)


def publish() -> StudyVersion:
    """As the loader projects it, without the loader."""
    definition = StudyDefinition.model_validate(DEFINITION)
    study = Study.objects.create(slug=definition.study, title=DEFINITION["title"])
    version = StudyVersion.objects.create(
        study=study,
        number=1,
        definition=definition.model_dump(mode="json"),
        sha256="0" * 64,
        language_version="1",
        published_at=timezone.now(),
    )
    for form in definition.forms:
        row = Form.objects.create(
            study=study,
            oid=form.oid,
            title=form.title.model_dump(),
            content_hash="0" * 64,
            spec=form.model_dump(mode="json"),
        )
        row.versions.add(version)
    study.version = version
    study.save()
    return version


def build() -> SmallStudy:
    version = publish()
    study = version.study
    sites = [Site.objects.create(study=study, code=code, name={"en": f"Hospital {code}"}) for code in ("01", "02")]
    for site in sites:
        SiteVersion.objects.create(site=site, version=version, active_from=dt.date(2024, 1, 1))
    places = {"coordinator": sites[0], "monitor": None, "outcome_assessor": sites[0], "other_site": sites[1]}
    people = {}
    for name in (*places, "outsider"):
        people[name] = User.objects.create(username=name, email=f"{name}@example.org", full_name=name.title())
        if name in places:
            role = "coordinator" if name == "other_site" else name
            Membership.objects.create(user=people[name], study=study, site=places[name], role=role)
    subject = Subject.objects.create(study=study, site=sites[0], number="01-001", screened_on=dt.date(2024, 5, 1))
    set_milestone(SYSTEM, subject, "consent", dt.date(2024, 5, 1))
    replan(SYSTEM, subject)
    SubjectVisit.objects.create(study=study, subject=subject, code="UNS", actual=dt.date(2024, 5, 20), position=99)
    return SmallStudy(study, sites[0], sites[1], subject, people)
