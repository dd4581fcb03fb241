from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from apps.common.errors import DomainError
from apps.common.pages import keyset_page
from apps.safety import selectors, services
from apps.safety.forms import FlagNoteForm
from apps.safety.models import Flag
from apps.safety.permissions import HANDLE_FLAGS, VIEW_FLAGS
from apps.studies.access import get_study_for, may, require
from apps.studies.models import Site


@login_required
@require_safe
def flags(request, slug):
    """The flag board: what a person must look at, newest first."""
    study = get_study_for(request.actor, slug)
    require(request.actor, VIEW_FLAGS, study_id=study.pk)
    chosen = {key: request.GET.get(key, "open" if key == "status" else "") for key in ("status", "site", "kind")}
    page = keyset_page(selectors.flag_board(request.actor, study, **chosen), request.GET, size=50)
    context = {
        "study": study,
        "page": page,
        "chosen": chosen,
        "statuses": [("open", pgettext("flags", "Waiting")), *Flag.Status.choices[1:]],
        "sites": Site.objects.visible_to(request.actor).filter(study=study),
        "may_handle": may(request.actor, HANDLE_FLAGS, study_id=study.pk),
    }
    return render(request, "safety/flags.html", context)


@login_required
@require_POST
def flag_step(request, slug, pk):
    """Acknowledge or resolve one flag."""
    study = get_study_for(request.actor, slug)
    flag = selectors.get_flag_for(request.actor, study, pk)
    form = FlagNoteForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("The note is too long or the step is unknown; nothing was changed."))
        return redirect("safety:flags", slug=study.slug)
    take = services.acknowledge_flag if form.cleaned_data["step"] == "acknowledge" else services.resolve_flag
    try:
        take(request.actor, flag, note=form.cleaned_data["note"])
    except DomainError as refusal:  # a note is missing, somebody was faster: the board says how it stands
        messages.error(request, f"{flag.subject.number}: {refusal}")
    return redirect("safety:flags", slug=study.slug)
