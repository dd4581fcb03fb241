"""The rows that repeat a version's elements."""

from __future__ import annotations

import hashlib
from typing import Any

from apps.audit.chain import canonical
from apps.studies.definition import FormDefinition, StudyDefinition
from apps.studies.models import Arm, EligibilityCriterion, Form, Item, PlannedVisit, StudyVersion


def digest(part: Any) -> str:
    """SHA-256 of the canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical(part).encode()).hexdigest()


def project(version: StudyVersion, definition: StudyDefinition) -> None:
    """Arms, criteria, visits and forms of the version; a form with unchanged content keeps its row."""
    Arm.objects.bulk_create(
        Arm(version=version, position=n, spec=_spec(arm), code=arm.code, label=arm.label.model_dump())
        for n, arm in enumerate(definition.arms)
    )
    EligibilityCriterion.objects.bulk_create(
        EligibilityCriterion(version=version, position=n, spec=_spec(c), code=c.code, kind=c.kind, text=c.text.model_dump())
        for n, c in enumerate(definition.eligibility)
    )
    PlannedVisit.objects.bulk_create(
        PlannedVisit(version=version, position=n, spec=_spec(visit), code=visit.code, label=visit.label.model_dump())
        for n, visit in enumerate(definition.visits)
    )
    forms = [_form(version, form, definition) for form in definition.forms]
    through = Form.versions.through
    through.objects.bulk_create(through(form_id=form.pk, studyversion_id=version.pk) for form in forms)


def _spec(part: Any) -> dict:
    return part.model_dump(mode="json")


def form_hash(form: FormDefinition, definition: StudyDefinition) -> str:
    """Identifies the form's content: its definition, its code lists, and whether it is a log."""
    used = {item.codelist for item in form.items if item.codelist}
    codelists = [_spec(codelist) for codelist in definition.codelists if codelist.oid in used]
    content = {"form": _spec(form), "codelists": codelists, "log": form.oid in definition.log_forms}
    return digest(content)


def _form(version: StudyVersion, form: FormDefinition, definition: StudyDefinition) -> Form:
    row, is_new = Form.objects.get_or_create(
        study_id=version.study_id,
        oid=form.oid,
        content_hash=form_hash(form, definition),
        defaults={"title": form.title.model_dump(), "spec": _spec(form)},
    )
    if is_new:
        Item.objects.bulk_create(
            Item(form=row, oid=item.oid, kind=item.type, label=item.label.model_dump(), position=n, spec=_spec(item))
            for n, item in enumerate(form.items)
        )
    return row
