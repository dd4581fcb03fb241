"""The study: arms, criteria, visits, cycles, dosing, outcomes, questions, blinding, reminders."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from apps.studies.definition.base import Interval, Offset, Oid, Part, RuleText, Source, Sourced, Text
from apps.studies.definition.forms import CodeList, FormDefinition

Anchor = Annotated[str, Field(pattern=r"^[a-z_]+(:[A-Z0-9_]+)?$")]
# dated facts that an item may set (`milestone: first_dose`); corrected with the item's value
MILESTONES = {
    *(
        "consent",
        "reconsent",
        "assent",
        "first_dose",
        "last_dose",
        "dose_change",
        "course_start",
        "relapse",
        "stabilization",
    ),
    *("treatment_stop", "withdrawal", "death", "disposition"),
}
# what visits may be anchored on besides a milestone or `visit:CODE`: set by services or by the visit before
SERVICE_ANCHORS = {"enrolment", "randomization", "previous_visit"}
ANCHORS = MILESTONES | SERVICE_ANCHORS


class Registry(Part):
    id: str
    source: Source
    confirmed: bool = True
    other_ids: list[str] = []
    note: str | Text = ""


class Ctcae(Sourced):
    version: Literal["4.03", "5.0", "6.0"]


class TargetRange(Sourced):
    """A trough target. ``arm`` and ``when`` choose it; without ``range`` only what is said in ``high`` counts."""

    range: Interval
    unit: Literal["ng/mL"] = "ng/mL"
    arm: str | None = None
    # a rule on the subject's items that must hold for this range to be in force; the first that holds counts
    when: RuleText | None = None


class ArmDefinition(Sourced):
    code: Oid
    type: Literal["experimental", "active_comparator", "placebo_comparator", "no_intervention", "other"]
    label: Text
    description: Text | None = None
    ratio: Annotated[int, Field(ge=1, le=20)] = 1


class Criterion(Sourced):
    """``rule`` gives what the text asks: an inclusion rule that is true includes, an exclusion rule that is true excludes.

    Where data cannot decide, the rule reads an investigator's own yes/no item and ``asserted`` is true.
    """

    code: Annotated[str, Field(pattern=r"^[IE]\d{2}[a-z]?$")]
    kind: Literal["inclusion", "exclusion"]
    text: Text
    rule: RuleText
    asserted: bool = False


class Decision(Part):
    """What the sponsor answered: where it stands, since when, and where it amends the protocol the ethics approval."""

    text: Text
    document: Annotated[str, Field(min_length=1, max_length=2000)]
    on: date
    amends: bool = False
    ethics_document: str = ""
    ethics_on: date | None = None

    @model_validator(mode="after")
    def amendment_is_approved(self):
        if self.amends and (not self.ethics_document or self.ethics_on is None):
            raise ValueError("an amendment needs ethics_document and ethics_on")
        return self


class Question(Part):
    """A gap of the protocol, shown under "Questions for the sponsor".

    While ``when`` holds, ``effect`` overrides the criteria in ``about``; no more once it is ``decided``.
    """

    code: Annotated[str, Field(pattern=r"^Q\d{2}$")]
    about: list[str] = []
    text: Text
    when: RuleText | None = None
    effect: Literal["none", "not_assessable", "flag"] = "none"
    assumed: Text | None = None
    decided: Decision | None = None


class Cycle(Sourced):
    """A repeating block of visits, e.g. T2's courses: ``length`` apart, at most ``max`` of them."""

    code: Oid
    label: Text
    anchor: Anchor
    length: Offset
    max: Annotated[int, Field(ge=1, le=99)]


class VisitDefinition(Sourced):
    """A planned visit: at ``anchor`` + ``at``, allowed within ``window`` (before, after; inclusive).

    ``cycle`` repeats it in each course; ``kind`` unscheduled visits have no target; ``when`` opens it by a rule on the
    subject's data, ``arm`` for one arm only (then it is hidden from the blinded), ``blinding: arm`` hides a visit of all
    arms whose mere existence tells about treatment.
    """

    code: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$", max_length=20)]
    label: Text
    kind: Literal["scheduled", "unscheduled", "early_termination"] = "scheduled"
    anchor: Anchor | None = None
    at: Offset | None = None
    window: tuple[Offset, Offset] | None = None
    window_source: Source | None = None
    cycle: Oid | None = None
    arm: str | None = None
    blinding: Literal["", "arm"] = ""
    when: RuleText | None = None
    forms: list[Oid]

    @model_validator(mode="after")
    def scheduled_has_an_anchor(self):
        if self.kind == "scheduled" and (self.anchor is None or self.at is None or self.window is None):
            raise ValueError(f"visit {self.code} is anchored on nothing: give anchor, at and window, or make it unscheduled")
        return self


class StartingDose(Sourced):
    """``amount`` per ``unit``, ``frequency`` a day; ``when`` and ``arm`` choose, and the first that holds counts."""

    amount: str
    unit: Literal["mg/m2/dose", "mg/m2/day", "mg/kg/day", "mg/dose", "mg/day", "mg/kg/dose"]
    frequency: Literal["QD", "BID"]
    # given for so many days, then the next that fits; none: until it is adjusted
    days: Annotated[int | None, Field(ge=1)] = None
    arm: str | None = None
    when: RuleText | None = None
    text: Text | None = None


class DosingPlan(Part):
    drug: Text
    bsa_formula: Literal["mosteller", "haycock", "dubois", "boyd", "gehan_george"] = "mosteller"
    start: list[StartingDose]
    targets: list[TargetRange]
    trough_hours: dict[Literal["QD", "BID"], Interval]
    # above this a level is "high" although the arm has no target range (T1's guided discontinuation)
    taper: dict[str, str | int] = {}
    notes: list[Text] = []


LIST_LENGTH_MAX = 100_000  # slots of one stratum


SITE_STRATUM = "SITE"  # the site as a stratum or factor, beside items


class RandomizationPlan(Sourced):
    """How arms are drawn. ``strata``: items whose code decides the stratum, for minimization its factors.

    ``SITE`` among them is the site. ``block_sizes`` belong to permuted blocks; ``weights`` (of factors), ``coin``
    (probability of the preferred arm) and ``measure`` (of imbalance) to minimization.
    """

    method: Literal["permuted_blocks", "simple", "minimization", "imported"]
    block_sizes: list[int] = []
    strata: list[Oid] = []
    list_length: Annotated[int, Field(ge=2, le=LIST_LENGTH_MAX)] = 60
    weights: dict[Oid, Annotated[int, Field(ge=1, le=100)]] = {}
    coin: Annotated[str, Field(pattern=r"^(1|0\.\d{1,4})$")] = "0.8"
    measure: Literal["range", "variance"] = "range"


class ConsentPlan(Sourced):
    """Who agrees, by age in completed years: a guardian below ``own_from``, with the child's assent from ``assent_from`` on.

    ``birth_date``: the item; ``versions``: items that say which version of the consent form was signed.
    """

    birth_date: Oid
    versions: list[Oid] = []
    assent_from: Annotated[int, Field(ge=0, le=30)] = 8
    own_from: Annotated[int, Field(ge=1, le=30)] = 18


class ReadingPlan(Sourced):
    """Images that a masked assessor reads by a code: the file items, and the form that the assessor alone fills."""

    images: Annotated[list[Oid], Field(min_length=1)]
    score: Oid


class Blinding(Part):
    """Roles that must not learn the arm; empty in an open trial."""

    blinded: list[str] = []
    source: Source
    note: str | Text = ""


class Outcome(Sourced):
    code: Annotated[str, Field(pattern=r"^[PS]\d{2}$")]
    kind: Literal["primary", "secondary", "safety"]
    text: Text
    time_frame: Text | None = None
    items: list[Oid] = []


class ReminderRule(Part):
    """What is reminded of, so many ``days`` before or after its day, to which role, and again ``every`` so many days.

    ``visit_due``: before the target; ``window_closing``: before the window's end; ``visit_overdue``: after it;
    ``form_incomplete``: after the visit of a form that was begun; ``query_unanswered``: after a query was asked of the
    role; ``reconsent_due``: after a version of the consent form came that is signed again.
    """

    code: Literal["visit_due", "window_closing", "visit_overdue", "form_incomplete", "query_unanswered", "reconsent_due"]
    days: Annotated[int, Field(ge=0, le=60)]
    role: str = "coordinator"
    every: Annotated[int | None, Field(ge=1, le=60)] = None


class SafetyPlan(Part):
    """Analytes graded by CTCAE are graded whenever an item has the analyte; flags rise at ``flag_from`` and above."""

    flag_from: Annotated[int, Field(ge=1, le=4)] = 3
    ae_until_days_after_last_dose: int = 30


class SdvPlan(Sourced):
    """What is verified against source: each item as it says itself (`sdv`) or as its form says here; then which subjects.

    ``visits`` limits what is required to these visits and the logs; ``first_subjects`` of each site and a random
    ``share`` (percent, fixed by ``seed``) of the others are required, both absent: every subject. What is not required
    stays optional.
    """

    forms: dict[Oid, Literal["required", "optional", "none"]] = {}
    visits: list[str] = []
    first_subjects: Annotated[int | None, Field(ge=0)] = None
    share: Annotated[int | None, Field(ge=0, le=100)] = None
    seed: str = ""


class ReviewPlan(Part):
    """``sdv``: source data verification; ``medical`` and ``data``: the forms that a medical and a data review must see."""

    sdv: SdvPlan | None = None
    medical: list[Oid] = []
    data: list[Oid] = []


class SiteDefinition(Part):
    """A hospital taking part. ``subject_pattern`` makes subject numbers of {site}, {seq:03d} and {check}."""

    code: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,20}$")]
    name: Text
    time_zone: str = "Asia/Shanghai"
    language: Literal["en", "zh-hans"] = "zh-hans"
    subject_pattern: Annotated[str, Field(pattern=r"\{seq(:\d+d)?\}", max_length=60)] = "{site}-{seq:03d}"
    cap: Annotated[int | None, Field(ge=1)] = None
    note: str | Text = ""


class StudyDefinition(Part):
    study: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{2,59}$")]
    title: Text
    sponsor: Text
    registry: Registry
    phase: str = ""
    design: Text | None = None
    status: str = ""
    conditions: list[Text] = []
    target: int | None
    target_source: Source | None = None
    language_version: Literal["1"] = "1"
    ctcae: Ctcae
    ages: Text | None = None
    arms: Annotated[list[ArmDefinition], Field(min_length=1)]
    randomization: RandomizationPlan | None = None
    blinding: Blinding
    consent: ConsentPlan | None = None
    reading: ReadingPlan | None = None
    eligibility: Annotated[list[Criterion], Field(min_length=1)]
    # whether an investigator may let a criterion pass that is not met, with a reason
    eligibility_waivers: bool = False
    questions: list[Question] = []
    cycles: list[Cycle] = []
    visits: Annotated[list[VisitDefinition], Field(min_length=1)]
    log_forms: list[Oid]
    # shared forms taken from fixtures/library, by OID; forms defined here come besides
    library: list[Oid] = []
    forms: list[FormDefinition] = []
    codelists: list[CodeList] = []
    dosing: DosingPlan | None = None
    safety: SafetyPlan = SafetyPlan()
    review: ReviewPlan = ReviewPlan()
    outcomes: list[Outcome] = []
    reminders: list[ReminderRule] = []
    sites: list[SiteDefinition] = []
    # items that two subjects of one site do not share by chance: who has all alike is asked about
    duplicates: list[Oid] = []
    # whether sites keep the list of who their subjects are here, encrypted
    identification_list: bool = False
    # roles that must sign in with a second factor
    mfa_roles: list[str] = []
