"""Monitoring visits of a study: planned, done, their findings, and the letter to the site."""

import io
from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.common import pdf
from apps.common.acting import carried_out
from apps.common.errors import NotVisible
from apps.common.pages import keyset_page
from apps.common.text import in_language
from apps.review import forms
from apps.review.letter import Letter
from apps.review.models import Finding, MonitoringVisit
from apps.review.permissions import DO_ACTION, MONITOR_SITE, VIEW_MONITORING
from apps.review.selectors.monitoring import findings_of, get_monitoring_for, items_seen, monitoring_for
from apps.review.services import monitoring as services
from apps.studies.access import get_study_for, may, require, sites_visible_to
from apps.studies.models import Study

STEPS: dict[str, tuple[Any, Callable[..., Any]]] = {
    "finish": (forms.FinishForm, services.finish_monitoring),
    "action": (forms.ActionForm, services.add_action),
}


@require_http_methods(["GET", "HEAD", "POST"])
def visits(request, slug: str) -> HttpResponse:
    """The newest first; a monitor plans one."""
    study = _entered(request, slug)
    form = forms.MonitoringForm(request.POST or None, sites=sites_visible_to(request.actor, study.pk))
    made: list[MonitoringVisit] = []
    if request.method == "POST":
        require(request.actor, MONITOR_SITE, study_id=study.pk)
        if carried_out(form, lambda: made.append(services.plan_monitoring(request.actor, **form.cleaned_data))):
            return redirect("review:monitoring_visit", slug=slug, pk=made[0].pk)
    context = {
        "study": study,
        "form": form,
        "page": keyset_page(monitoring_for(request.actor, study), request.GET),
        "may_monitor": may(request.actor, MONITOR_SITE, study_id=study.pk),
    }
    return render(request, "review/monitoring.html", context, status=422 if form.errors else 200)


@require_safe
def visit(request, slug: str, pk: int) -> HttpResponse:
    study = _entered(request, slug)
    return show(request, study, get_monitoring_for(request.actor, study, pk))


def show(request, study: Study, found: MonitoringVisit, **refused) -> HttpResponse:
    """``refused``: a form with what was typed, by its name on the page."""
    who = {"sites": None, "actor": request.actor, "study": study}
    context = {
        "study": study,
        "visit": found,
        "subjects": found.subjects.order_by("number"),
        "findings": findings_of(found),
        "items": items_seen(found),
        "may_monitor": may(request.actor, MONITOR_SITE, study_id=study.pk, site_id=found.site_id),
        "may_do": may(request.actor, DO_ACTION, study_id=study.pk, site_id=found.site_id),
        "finish_form": forms.FinishForm(
            prefix="finish",
            initial={
                "until": found.until or found.on,
                "summary": found.summary,
                "subjects": ", ".join(found.subjects.order_by("number").values_list("number", flat=True)),
            },
            **who,
        ),
        "action_form": forms.ActionForm(prefix="action", **who),
        "error": next(iter(refused.values()), None),
    } | refused
    return render(request, "review/monitoring_visit.html", context, status=422 if refused else 200)


@require_POST
def step(request, slug: str, pk: int, step: str) -> HttpResponse:
    """Finish the visit, or add an action to it."""
    study = _entered(request, slug)
    found = get_monitoring_for(request.actor, study, pk)
    require(request.actor, MONITOR_SITE, study_id=study.pk, site_id=found.site_id)
    who = {"sites": None, "actor": request.actor, "study": study}
    if step not in STEPS:
        raise NotVisible
    form_class, act = STEPS[step]
    form = form_class(request.POST, prefix=step, **who)
    if carried_out(form, lambda: act(request.actor, found, **form.cleaned_data)):
        return redirect("review:monitoring_visit", slug=slug, pk=pk)
    return show(request, study, found, **{f"{step}_form": form})


@require_POST
def done(request, slug: str, pk: int, finding: int) -> HttpResponse:
    """An action is settled, and how."""
    study = _entered(request, slug)
    found = get_monitoring_for(request.actor, study, pk)
    require(request.actor, DO_ACTION, study_id=study.pk, site_id=found.site_id)
    one = Finding.objects.filter(visit=found, pk=finding).select_related("visit__site").first()
    if one is None:
        raise NotVisible
    form = forms.DoneForm(request.POST)
    if carried_out(form, lambda: services.do_action(request.actor, one, how=form.cleaned_data["how"])):
        return redirect("review:monitoring_visit", slug=slug, pk=pk)
    return show(request, study, found, done_form=form)


@require_safe
def letter(request, slug: str, pk: int) -> HttpResponse:
    """The letter to the site, in the language that is asked for: what was seen, found and is to be done, as it stands."""
    study = _entered(request, slug)
    found = get_monitoring_for(request.actor, study, pk)
    asked = request.GET.get("language", "")
    with translation.override(asked if asked in {"en", "zh-hans"} else translation.get_language()):
        file = io.BytesIO()
        story = Letter(found, list(found.subjects.order_by("number")), findings_of(found), items_seen(found))
        head = f"{in_language(study.title)[:70]} · {found.site.code}"
        pdf.Printout(file, story.title, head, request.actor.name).write(story).close()
    response = HttpResponse(file.getvalue(), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{study.slug}-{found.site.code}-{found.on}.pdf"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _entered(request, slug: str) -> Study:
    study = get_study_for(request.actor, slug)
    require(request.actor, VIEW_MONITORING, study_id=study.pk)
    return study
