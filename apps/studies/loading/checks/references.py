"""Whatever names another element names one that is there."""

from __future__ import annotations

from zoneinfo import available_timezones

from apps.common.permissions import Role
from apps.studies.compiling import type_of
from apps.studies.definition import MILESTONES, SITE_STRATUM
from apps.studies.loading.checks.findings import Findings

ROLES = sorted(role.value for role in Role)


def check_references(findings: Findings) -> None:
    for check in (
        _visits,
        _log_forms,
        _forms_used,
        _items,
        _consent,
        _reading,
        _criteria,
        _dosing,
        _randomization,
        _roles,
        _review,
        _sites,
        _duplicates,
    ):
        check(findings)


def _visits(findings: Findings) -> None:
    study = findings.definition
    forms, arms = [form.oid for form in study.forms], [arm.code for arm in study.arms]
    for v, visit in enumerate(study.visits):
        for f, oid in enumerate(visit.forms):
            path = ("visits", v, "forms", f)
            if findings.known(path, oid, forms, "form") and oid in visit.forms[:f]:
                findings.add(path, f"visit {visit.code} has the form {oid} twice; remove one")
        findings.known(("visits", v, "arm"), visit.arm, arms, "arm")
        findings.known(("visits", v, "cycle"), visit.cycle, [cycle.code for cycle in study.cycles], "cycle")


def _log_forms(findings: Findings) -> None:
    study = findings.definition
    at_visits = {oid: visit.code for visit in study.visits for oid in visit.forms}
    for index, oid in enumerate(study.log_forms):
        path = ("log_forms", index)
        known = findings.known(path, oid, [form.oid for form in study.forms], "form")
        if known and oid in at_visits:
            words = f"form {oid} is a log form and also a form of visit {at_visits[oid]}; it can be only one of them"
            findings.add(path, words)
        if oid in study.log_forms[:index]:
            findings.add(path, f"{oid} stands twice among the log forms; remove one")


def _forms_used(findings: Findings) -> None:
    study = findings.definition
    used = {oid for visit in study.visits for oid in visit.forms} | set(study.log_forms)
    for index, form in enumerate(study.forms):
        if form.oid not in used and not findings.lost:
            words = f"form {form.oid} is at no visit and is no log form, so nobody can fill it"
            findings.warn(("forms", index), words)


def _items(findings: Findings) -> None:
    codelists = [codelist.oid for codelist in findings.definition.codelists]
    for path, (_, _, item) in findings.items():
        findings.known((*path, "codelist"), item.codelist, codelists, "code list")
        findings.known((*path, "analyte"), item.analyte, findings.analytes, "analyte")
        findings.known((*path, "milestone"), item.milestone, MILESTONES, "milestone")
        if item.milestone and type_of(item) not in {"date", "computed date"}:
            words = f"item {item.oid} sets the milestone {item.milestone}, so it must be a date, not {type_of(item)}"
            findings.add((*path, "milestone"), words)


def _consent(findings: Findings) -> None:
    plan = findings.definition.consent
    if plan is None:
        return
    items = {place.item.oid: place.item for _, place in findings.items()}
    known = findings.known(("consent", "birth_date"), plan.birth_date, items, "item")
    if known and plan.birth_date in items and items[plan.birth_date].type != "date":
        findings.add(("consent", "birth_date"), f"{plan.birth_date} must be a date")
    for index, oid in enumerate(plan.versions):
        findings.known(("consent", "versions", index), oid, items, "item")


def _reading(findings: Findings) -> None:
    plan = findings.definition.reading
    if plan is None:
        return
    items = {place.item.oid: place.item for _, place in findings.items()}
    hidden = {place.item.oid for _, place in findings.items() if place.item.blinding or place.form.blinding}
    for index, oid in enumerate(plan.images):
        path = ("reading", "images", index)
        if findings.known(path, oid, items, "item") and oid in items and items[oid].type != "file":
            findings.add(path, f"{oid} is a {items[oid].type}; images are file items")
        if oid in hidden:
            findings.add(path, f"{oid} is hidden from the blinded, so no masked assessor reads it")
    forms = {form.oid: form for form in findings.definition.forms}
    if findings.known(("reading", "score"), plan.score, forms, "form") and plan.score in forms:
        form = forms[plan.score]
        if form.blinding or form.repeating or not any(plan.score in visit.forms for visit in findings.definition.visits):
            words = (
                f"{plan.score} is scored by the blinded, once at a visit: it stands at a visit, is not repeated, not hidden"
            )
            findings.add(("reading", "score"), words)


def _criteria(findings: Findings) -> None:
    study = findings.definition
    codes = [criterion.code for criterion in study.eligibility]
    for index, criterion in enumerate(study.eligibility):
        if criterion.code[0] != {"inclusion": "I", "exclusion": "E"}[criterion.kind]:
            words = f"{criterion.code} is an {criterion.kind}; inclusions begin with I, exclusions with E"
            findings.add(("eligibility", index, "kind"), words)
    for q, question in enumerate(study.questions):
        for index, code in enumerate(question.about):
            findings.known(("questions", q, "about", index), code, codes, "criterion")
        if question.effect == "not_assessable" and not (question.about and question.when):
            words = f"question {question.code} makes criteria not assessable; say which in `about` and when in `when`"
            findings.add(("questions", q), words)
    items = [place.item.oid for _, place in findings.items()]
    for o, outcome in enumerate(study.outcomes):
        for index, oid in enumerate(outcome.items):
            findings.known(("outcomes", o, "items", index), oid, items, "item")


def _dosing(findings: Findings) -> None:
    dosing, arms = findings.definition.dosing, [arm.code for arm in findings.definition.arms]
    if dosing:
        for key in ("start", "targets"):
            for index, element in enumerate(getattr(dosing, key)):
                findings.known(("dosing", key, index, "arm"), element.arm, arms, "arm")


def _randomization(findings: Findings) -> None:
    plan = findings.definition.randomization
    if plan is None:
        return
    items = {place.item.oid: place.item for _, place in findings.items()}
    if SITE_STRATUM in plan.strata and SITE_STRATUM in items:
        words = f"{SITE_STRATUM} among the strata means the site, and there is an item of that name; rename the item"
        findings.add(("randomization", "strata"), words)
    for index, oid in enumerate(plan.strata):
        path = ("randomization", "strata", index)
        if oid in plan.strata[:index]:
            findings.add(path, f"{oid} stands twice among the strata; remove one")
        known = findings.known(path, oid, [*items, SITE_STRATUM], "item")
        if known and oid in items and items[oid].type not in {"choice", "yesno"}:
            words = f"{oid} is a {items[oid].type}; strata need a choice or a yes/no item"
            findings.add(path, words)
    for oid in plan.weights:
        findings.known(("randomization", "weights", oid), oid, plan.strata, "factor")


def _roles(findings: Findings) -> None:
    study = findings.definition
    for index, role in enumerate(study.blinding.blinded):
        findings.known(("blinding", "blinded", index), role, ROLES, "role")
    for index, role in enumerate(study.mfa_roles):
        findings.known(("mfa_roles", index), role, ROLES, "role")
    for index, reminder in enumerate(study.reminders):
        findings.known(("reminders", index, "role"), reminder.role, ROLES, "role")


def _review(findings: Findings) -> None:
    plan = findings.definition.review
    forms = [form.oid for form in findings.definition.forms]
    for kind in ("medical", "data"):
        for index, oid in enumerate(getattr(plan, kind)):
            findings.known(("review", kind, index), oid, forms, "form")
    if plan.sdv is None:
        return
    for oid in plan.sdv.forms:
        findings.known(("review", "sdv", "forms", oid), oid, forms, "form")
    visits = [visit.code for visit in findings.definition.visits]
    for index, code in enumerate(plan.sdv.visits):
        findings.known(("review", "sdv", "visits", index), code, visits, "visit")
    if plan.sdv.share is not None and not plan.sdv.seed:
        findings.add(("review", "sdv", "share"), "a random share needs a seed, so that everybody gets the same subjects")


def _sites(findings: Findings) -> None:
    for index, site in enumerate(findings.definition.sites):
        findings.known(("sites", index, "time_zone"), site.time_zone, available_timezones(), "time zone")


def _duplicates(findings: Findings) -> None:
    items = [place.item.oid for _, place in findings.items()]
    for index, oid in enumerate(findings.definition.duplicates):
        findings.known(("duplicates", index), oid, items, "item")
