from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.common.errors import DomainError
from apps.review import services
from apps.review.forms import HoldForm
from apps.review.permissions import FREEZE
from apps.review.selectors.holds import held_in, target_of
from apps.studies.access import get_study_for, require, sites_visible_to

STEPS = {"freeze": services.freeze, "lock": services.lock, "release": services.release}


@require_http_methods(["GET", "HEAD", "POST"])
def holds(request, slug):
    """Freeze, lock and release the study, a site or a subject; what is held now."""
    study = get_study_for(request.actor, slug)
    require(request.actor, FREEZE, study_id=study.pk)
    form = HoldForm(request.POST or None, sites=sites_visible_to(request.actor, study.pk))
    if request.method == "POST" and form.is_valid() and carry_out(request, study, form):
        return redirect("review:holds", slug=slug)
    context = {"study": study, "form": form, "held": held_in(request.actor, study)}
    return render(request, "review/holds.html", context, status=422 if form.errors else 200)


def carry_out(request, study, form) -> bool:
    """Whether it was done; a refusal stands on the form."""
    chosen = form.cleaned_data
    try:
        unknown = _("There is no subject of this number at your sites.")
        target = target_of(request.actor, study, site=chosen["site"], subject=chosen["subject"].strip(), unknown=unknown)
        STEPS[chosen["step"]](request.actor, target, reason=chosen["reason"])
    except DomainError as refusal:
        form.add_error(refusal.item if refusal.item in form.fields else None, str(refusal))
        return False
    messages.success(request, _("Done: %(what)s.") % {"what": target})
    return True
