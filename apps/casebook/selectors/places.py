"""Addresses of the pages about one subject."""

from django.urls import reverse

from apps.subjects.models import Subject


def subject_url(subject: Subject, view: str = "casebook:subject", **more: str | int) -> str:
    return reverse(view, kwargs={"slug": subject.study.slug, "number": subject.number, **more})


def form_url(subject: Subject, visit_id: int, form_oid: str, repeat: int = 1) -> str:
    return subject_url(subject, "casebook:form", visit_id=visit_id, form_oid=form_oid, repeat=repeat)
