from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.common.acting import carried_out
from apps.common.errors import DomainError, NotVisible
from apps.common.pages import keyset_page
from apps.common.permissions import Role
from apps.studies import selectors, services
from apps.studies.access import get_study_for, may, require, roles_at, sites_visible_to
from apps.studies.forms import ActivateForm, DecideForm, EndForm, GrantForm
from apps.studies.permissions import ACTIVATE_VERSION, MANAGE_PEOPLE, PUBLISH_VERSION, VIEW_PEOPLE, VIEW_STUDY
from apps.studies.protocol import get_protocol


@require_safe
def study_list(request):
    """The studies in which the person has a role."""
    page = keyset_page(selectors.study_list(request.actor), request.GET, key="slug")
    return render(request, "studies/list.html", {"page": page})


@require_safe
def study_detail(request, slug):
    """What the protocol says, with what is assumed and what is open."""
    study = get_study_for(request.actor, slug)
    require(request.actor, VIEW_STUDY, study_id=study.pk)
    protocol = get_protocol(study.version_id)
    context = {
        "study": study,
        "protocol": protocol,
        "definition": protocol.definition,
        "criteria": selectors.ruled(protocol.criteria, protocol),
        "schedule": selectors.schedule_of(protocol),
        "starts": selectors.ruled(protocol.starts, protocol),
        "targets": selectors.ruled(protocol.targets, protocol),
        "questions": selectors.ruled(protocol.questions, protocol),
        "origins": selectors.origins(protocol),
        "sites": selectors.sites_of(request.actor, study),
        "may_decide": may(request.actor, PUBLISH_VERSION, study_id=study.pk),
    }
    return render(request, "studies/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def people(request, slug):
    """Who holds which role; an administrator gives one here."""
    study = get_study_for(request.actor, slug)
    require(request.actor, VIEW_PEOPLE, study_id=study.pk)
    form = GrantForm(request.POST or None, sites=sites_visible_to(request.actor, study.pk))
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        try:
            held = services.grant_role(
                request.actor, chosen["person"], study, chosen["role"], chosen["site"], reason=chosen["reason"]
            )
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            words = {"person": held.user, "role": held.get_role_display()}
            messages.success(request, _("%(person)s now holds the role %(role)s.") % words)
            return redirect("studies:people", slug=study.slug)
    status = 422 if form.errors else 200
    return render(request, "studies/people.html", people_context(request, study, form), status=status)


def people_context(request, study, form):
    ended = request.GET.get("show") == "ended"
    return {
        "study": study,
        "form": form,
        "ended": ended,
        "page": keyset_page(selectors.people_of(request.actor, study, ended=ended), request.GET, size=100),
        "may_manage": may(request.actor, MANAGE_PEOPLE, study_id=study.pk),
    }


@require_POST
def end_role(request, slug, pk):
    """End one role; the row stays with its dates."""
    study = get_study_for(request.actor, slug)
    held = selectors.get_membership_for(request.actor, study, pk)
    form = EndForm(request.POST)
    if form.is_valid():
        services.end_role(request.actor, held, reason=form.cleaned_data["reason"])
        messages.success(request, _("The role has ended. Its history stays."))
    else:
        messages.error(request, _("The reason is too long; nothing was changed."))
    return redirect("studies:people", slug=study.slug)


@require_safe
def permissions(request, slug):
    """Every right with the roles that hold it."""
    study = get_study_for(request.actor, slug)
    require(request.actor, VIEW_STUDY, study_id=study.pk)
    mine = roles_at(request.actor, study.pk)
    context = {
        "study": study,
        "roles": [(role, role.value in mine) for role in Role],
        "groups": selectors.rights_table(),
    }
    return render(request, "studies/permissions.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def decide(request, slug, code):
    """The sponsor's answer to a question, with its document; a new version comes of it."""
    study = get_study_for(request.actor, slug)
    require(request.actor, PUBLISH_VERSION, study_id=study.pk)
    protocol = get_protocol(study.version_id)
    question = next((one.definition for one in protocol.questions if one.definition.code == code), None)
    if question is None or question.decided is not None:
        raise NotVisible
    about = [one.definition for one in protocol.criteria if one.definition.code in question.about]
    form = DecideForm(request.POST or None, criteria=about)
    if request.method == "POST" and carried_out(
        form, lambda: services.decide_question(request.actor, study, code, **form.values())
    ):
        messages.success(request, _("The decision is published. Put the version into force at the sites."))
        return redirect("studies:versions", slug=slug)
    context = {"study": study, "question": question, "about": about, "form": form}
    return render(request, "studies/decide.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def versions(request, slug):
    """Every version, what it was published for, and by which each site works; who may, puts one into force."""
    study = get_study_for(request.actor, slug)
    right = ACTIVATE_VERSION if request.method == "POST" else VIEW_STUDY
    require(request.actor, right, study_id=study.pk)
    found = selectors.versions_of(study)
    form = ActivateForm(request.POST or None, sites=sites_visible_to(request.actor, study.pk), versions=found)
    if request.method == "POST" and carried_out(form, lambda: services.activate_version(request.actor, **form.cleaned_data)):
        messages.success(request, _("The version comes into force at the site."))
        return redirect("studies:versions", slug=slug)
    context = {
        "study": study,
        "versions": found,
        "sites": selectors.sites_of(request.actor, study),
        "form": form,
        "may_activate": may(request.actor, ACTIVATE_VERSION, study_id=study.pk),
    }
    return render(request, "studies/versions.html", context, status=422 if form.errors else 200)
