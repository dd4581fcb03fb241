"""The randomization lists of a study: what is sealed, what is left, and the steps of who keeps them."""

import json
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.common.acting import carried_out, refusal_of
from apps.common.errors import DomainError, NotVisible
from apps.common.tables import csv_response
from apps.randomization import forms, pictures, services
from apps.randomization.list_files import ListRefused, columns_of
from apps.randomization.methods import METHODS
from apps.randomization.models import Scheme
from apps.randomization.permissions import MANAGE_LISTS, VIEW_LISTS
from apps.randomization.selectors import levels_of, needs_randomization, scheme_of, slots_left
from apps.randomization.services.schemes import plan_of, read_list_for
from apps.studies.access import get_study_for, is_blinded, may, require
from apps.studies.models import Study
from apps.studies.protocol import get_protocol

NAMES = {
    "permuted_blocks": gettext_lazy("Permuted blocks"),
    "simple": gettext_lazy("Simple randomization"),
    "minimization": gettext_lazy("Minimization (Pocock and Simon)"),
    "imported": gettext_lazy("Imported list"),
    "single_arm": gettext_lazy("Single arm"),
}


@require_safe
def lists(request, slug: str) -> HttpResponse:
    """Commitment, state and what is left of each stratum; for the managers the next steps."""
    return show(request, _entered(request, slug))


def show(request, study: Study, *, refused: str = "", form=None) -> HttpResponse:
    """``form``: the one that was refused, with what was typed; ``refused`` names its step."""
    protocol = get_protocol(study.version_id) if study.version_id else None
    plan = plan_of(protocol) if protocol and needs_randomization(protocol) else None
    scheme = scheme_of(study)
    left = slots_left(scheme) if scheme else []
    method = METHODS[scheme.method if scheme else plan.method] if plan else None
    context: dict[str, Any] = {
        "study": study,
        "plan": plan,
        "scheme": scheme,
        "method": method,
        "method_name": NAMES[method.name] if method else "",
        "left": left,
        "is_low": scheme is not None and METHODS[scheme.method].is_ahead and any(row.is_low for row in left),
        "may_manage": may(request.actor, MANAGE_LISTS, study_id=study.pk),
        "extend_form": forms.ExtendForm(prefix="extend"),
        "why_form": forms.WhyForm(prefix="why"),
        "error": form,
    }
    if form is not None:
        context["extend_form" if refused == "extend" else "why_form"] = form
    return render(request, "randomization/lists.html", context, status=422 if form is not None else 200)


Step = tuple[type[forms.WhyForm] | None, Callable[..., Any]]
# after a form or without one; the scheme is None where there is none yet
STEPS: dict[str, Step] = {
    "seal": (None, lambda actor, study, _scheme: services.create_scheme(actor, study)),
    "release": (None, lambda actor, _study, scheme: services.go_live(actor, scheme)),
    "extend": (forms.ExtendForm, lambda actor, _study, scheme, **typed: services.extend_lists(actor, scheme, **typed)),
    "discard": (forms.WhyForm, lambda actor, _study, scheme, **typed: services.discard_scheme(actor, scheme, **typed)),
    "reveal": (forms.WhyForm, lambda actor, _study, scheme, **typed: services.reveal_scheme(actor, scheme, **typed)),
}


@require_POST
def step(request, slug: str, step: str) -> HttpResponse:
    """Seal, release, extend, discard, reveal."""
    study = _entered(request, slug, MANAGE_LISTS)
    if step not in STEPS:
        raise NotVisible
    form_class, act = STEPS[step]
    scheme = Scheme.objects.filter(study=study).first()
    if scheme is None and step != "seal":
        messages.error(request, _("The study has no randomization lists yet."))
    elif form_class is None:
        refused = refusal_of(lambda: act(request.actor, study, scheme))
        if refused is not None:
            messages.error(request, str(refused))
    else:
        form = form_class(request.POST, prefix="extend" if step == "extend" else "why")
        if not carried_out(form, lambda: act(request.actor, study, scheme, **form.cleaned_data)):
            return show(request, study, refused=step, form=form)
    return redirect("randomization:lists", slug=slug)


@require_http_methods(["GET", "HEAD", "POST"])
def import_file(request, slug: str) -> HttpResponse:
    """A list from a file: checked first, with what is wrong by line, then sealed or appended."""
    study = _entered(request, slug, MANAGE_LISTS)
    scheme = Scheme.objects.filter(study=study).first()
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form = forms.ImportForm(*sent, with_reason=scheme is not None)
    wrong: list[tuple[int, str]] = []
    added: list[tuple[str, int]] = []
    if form.is_valid():
        typed = form.cleaned_data
        try:
            if typed["is_checked"]:
                if scheme is None:
                    services.import_list(request.actor, study, typed["content"])
                else:
                    services.extend_by_import(request.actor, scheme, typed["content"], reason=typed["reason"])
                messages.success(request, _("The list is sealed."))
                return redirect("randomization:lists", slug=slug)
            found = read_list_for(study, typed["content"], scheme)
            added = [(stratum, len(arms)) for stratum, arms in found.items()]
        except ListRefused as refused:
            wrong = refused.lines
            form.add_error("file", str(refused))
        except DomainError as refused:
            form.add_error(refused.item if refused.item in form.fields else None, str(refused))
    context: dict[str, Any] = {"study": study, "scheme": scheme, "form": form, "wrong": wrong, "added": added}
    if added:
        context["checked"] = forms.sealed(form.cleaned_data["content"])
    return render(request, "randomization/import.html", context, status=422 if form.errors else 200)


@require_safe
def template(request, slug: str) -> HttpResponseBase:
    """An empty file with the columns that an import wants."""
    study = _entered(request, slug, MANAGE_LISTS)
    protocol = get_protocol(study.version_id) if study.version_id else None
    columns = columns_of(levels_of(study, protocol)) if protocol else columns_of({})
    return csv_response(f"{study.slug}-randomization.csv", columns, [])


@require_POST
def dry_run(request, slug: str) -> HttpResponse:
    """The scheme on 10,000 virtual subjects: balance by stratum and predictability, as pictures and in numbers."""
    study = _entered(request, slug, MANAGE_LISTS)
    try:
        tried = services.try_scheme(request.actor, study)
    except DomainError as refused:
        messages.error(request, str(refused))
        return redirect("randomization:lists", slug=slug)
    protocol = get_protocol(study.version_id)
    context = {
        "study": study,
        "tried": tried,
        "arms": list(protocol.arms.values()),
        "bars": pictures.bars_of(tried),
        "curve": pictures.curve_of(tried),
        "guesses": pictures.guesses_of(tried),
    }
    return render(request, "randomization/dry_run.html", context)


@require_POST
def revealed(request, slug: str) -> HttpResponse:
    """The file with which anyone verifies everything offline. A download is recorded, so it is a POST."""
    study = _entered(request, slug)
    scheme = Scheme.objects.filter(study=study).select_related("study").first()
    if scheme is None:
        messages.error(request, _("The study has no randomization lists yet."))
        return redirect("randomization:lists", slug=slug)
    try:
        evidence = services.download_revealed(request.actor, scheme)
    except DomainError as refused:
        messages.error(request, str(refused))
        return redirect("randomization:lists", slug=slug)
    response = HttpResponse(json.dumps(evidence.as_json(), ensure_ascii=False), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="{study.slug}-randomization.json"'
    response["Cache-Control"] = "private, no-store"
    return response


def _entered(request, slug: str, right=VIEW_LISTS) -> Study:
    """Whoever is blinded learns of no list (404)."""
    study = get_study_for(request.actor, slug)
    require(request.actor, right, study_id=study.pk)
    if is_blinded(request.actor, study):
        raise NotVisible
    return study
