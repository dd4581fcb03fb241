"""Deviations: the list with its file, reporting one, and a page on which one is judged and settled."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.audit.ledger import ledger
from apps.audit.selectors import item_changes
from apps.common.acting import carried_out
from apps.common.errors import DomainError, NotVisible
from apps.common.pages import keyset_page
from apps.common.tables import csv_response
from apps.review import forms
from apps.review.models import Deviation
from apps.review.permissions import JUDGE_DEVIATION, REPORT_DEVIATION, VIEW_DEVIATIONS
from apps.review.selectors.deviations import (
    EXPORT_HEADS,
    counts_by_site,
    export_rows,
    found_deviations,
    get_deviation_for,
)
from apps.review.services import deviations as services
from apps.studies.access import get_study_for, may, require, sites_visible_to
from apps.studies.models import Study

FILTERS = ("state", "kind", "severity", "site", "subject")
STEPS: dict[str, tuple[Any, Callable[..., Any]]] = {
    "confirm": (forms.JudgeForm, services.confirm_deviation),
    "describe": (forms.DescribeForm, lambda actor, one, **values: services.describe_deviation(actor, one, values)),
    "dismiss": (forms.ReasonForm, services.dismiss_deviation),
    "close": (None, services.close_deviation),
    "reopen": (forms.ReasonForm, services.reopen_deviation),
}


@require_safe
def deviations(request, slug: str) -> HttpResponse:
    """The newest first; those that wait unless a state is asked for. As many statements at any size."""
    study = _entered(request, slug)
    context = {
        "study": study,
        "page": keyset_page(found_deviations(request.actor, study, request.GET), request.GET),
        "states": Deviation.State.choices,
        "kinds": Deviation.Kind.choices,
        "severities": Deviation.Severity.choices,
        "sites": sites_visible_to(request.actor, study.pk),
        "counts": counts_by_site(request.actor, study),
        "filters": {name: request.GET.get(name, "")[:40] for name in FILTERS},
        "may_report": may(request.actor, REPORT_DEVIATION, study_id=study.pk),
    }
    return render(request, "review/deviations.html", context)


@require_POST
def export(request, slug: str) -> HttpResponseBase:
    """What the filters show, as CSV; recorded, since data leave."""
    study = _entered(request, slug)
    asked = {name: request.GET.get(name, "")[:40] for name in FILTERS}
    with ledger(request.actor, study.pk) as entry:
        entry(action="review.deviations.exported", obj=study, label=study.slug, changes=[("filters", None, asked)])
    found = found_deviations(request.actor, study, asked)
    return csv_response(f"{study.slug}-deviations.csv", EXPORT_HEADS, export_rows(found))


@require_http_methods(["GET", "HEAD", "POST"])
def report(request, slug: str) -> HttpResponse:
    """A person says what happened."""
    study = get_study_for(request.actor, slug)
    require(request.actor, REPORT_DEVIATION, study_id=study.pk)
    form = forms.DeviationForm(
        request.POST or None,
        sites=sites_visible_to(request.actor, study.pk),
        actor=request.actor,
        study=study,
        initial={"subject": request.GET.get("subject", "")[:40]},
    )
    made: list[Deviation] = []
    if request.method == "POST" and carried_out(
        form, lambda: made.append(services.report_deviation(request.actor, **form.cleaned_data))
    ):
        messages.success(request, _("The deviation is reported."))
        return redirect("review:deviation", slug=slug, pk=made[0].pk)
    return render(request, "review/deviation_new.html", {"study": study, "form": form}, status=422 if form.errors else 200)


@require_safe
def deviation(request, slug: str, pk: int) -> HttpResponse:
    """What happened, why, what was done about it, and how it came to stand so."""
    study = _entered(request, slug)
    return show(request, study, get_deviation_for(request.actor, study, pk))


def show(request, study: Study, one: Deviation, refused: str = "", form=None) -> HttpResponse:
    """``form``: the one that was refused, with what was typed; ``refused`` names its step."""
    described = {name: getattr(one, name) for name in services.DESCRIBED}
    context = {
        "study": study,
        "one": one,
        "may_judge": may(request.actor, JUDGE_DEVIATION, study_id=study.pk, site_id=one.site_id),
        "confirm_form": forms.JudgeForm(prefix="confirm", initial={"severity": one.severity}),
        "describe_form": forms.DescribeForm(prefix="describe", initial=described),
        "reason_form": forms.ReasonForm(prefix="reason"),
        "history": item_changes(study.pk)
        .filter(object_type="review.deviation", object_id=str(one.pk))
        .order_by("seq", "position"),
        "error": form if refused else None,
    }
    if form is not None and f"{refused}_form" in context:
        context[f"{refused}_form"] = form
    elif form is not None:
        context["reason_form"] = form
    return render(request, "review/deviation.html", context, status=422 if refused else 200)


@require_POST
def step(request, slug: str, pk: int, step: str) -> HttpResponse:
    """Confirm, describe, dismiss, close, reopen."""
    study = _entered(request, slug)
    one = get_deviation_for(request.actor, study, pk)
    require(request.actor, JUDGE_DEVIATION, study_id=study.pk, site_id=one.site_id)
    if step not in STEPS:
        raise NotVisible
    form_class, act = STEPS[step]
    if form_class is None:
        try:
            act(request.actor, one)
        except DomainError as refusal:
            messages.error(request, str(refusal))
        return redirect("review:deviation", slug=slug, pk=pk)
    prefix = step if step in {"confirm", "describe"} else "reason"
    form = form_class(request.POST, prefix=prefix)
    if carried_out(form, lambda: act(request.actor, one, **form.cleaned_data)):
        return redirect("review:deviation", slug=slug, pk=pk)
    return show(request, study, one, step, form)


def _entered(request, slug: str) -> Study:
    study = get_study_for(request.actor, slug)
    require(request.actor, VIEW_DEVIATIONS, study_id=study.pk)
    return study
