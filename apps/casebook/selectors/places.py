"""Addresses of the pages about one subject."""

from django.urls import reverse

from apps.capture.models import FormRecord
from apps.subjects.models import Subject


def subject_url(subject: Subject, view: str = "casebook:subject", **more: str | int) -> str:
    return reverse(view, kwargs={"slug": subject.study.slug, "number": subject.number, **more})


def form_url(subject: Subject, visit_id: int, form_oid: str, repeat: int = 1) -> str:
    return subject_url(subject, "casebook:form", visit_id=visit_id, form_oid=form_oid, repeat=repeat)


def record_url(subject: Subject, record: FormRecord) -> str:
    """The page of a record, at its visit or of its log."""
    if record.visit_id is None:
        return subject_url(subject, "casebook:log_form", form_oid=record.form_oid, repeat=record.repeat)
    return form_url(subject, record.visit_id, record.form_oid, record.repeat)
