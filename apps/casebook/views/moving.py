"""Moving a record that was entered for the wrong subject or visit."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.capture.permissions import MOVE_RECORD
from apps.capture.places import RecordPlace, RecordRef
from apps.capture.selectors import record_for
from apps.capture.services import move_record
from apps.casebook.forms import MoveForm
from apps.casebook.record_page import RecordPage, address_of
from apps.casebook.selectors.grid import visit_label
from apps.casebook.views.acting import subject_context
from apps.casebook.views.marks import saved
from apps.casebook.views.record import number_of, ref_of
from apps.common.acting import carried_out
from apps.common.text import in_language
from apps.visits.models import SubjectVisit


@require_http_methods(["GET", "HEAD", "POST"])
def move(request, **where) -> HttpResponse:
    """Which subject and visit it belongs to, and why; what will happen is said beforehand."""
    ref = ref_of(**where)
    place = record_for(request.actor, ref)
    place.require(MOVE_RECORD)
    record = saved(place)
    form = MoveForm(
        request.POST or None,
        actor=request.actor,
        study=place.study,
        visits=_visits(place),
        initial={"number": place.subject.number},
    )
    moved: list[RecordRef] = []

    def act() -> None:
        chosen = form.cleaned_data
        visit = chosen["at"]
        to = RecordRef(chosen["subject"].pk, ref.form_oid, visit.pk if visit else None)
        revision = number_of(request.POST.get("revision"))
        made = move_record(request.actor, ref, to, revision, reason=chosen["reason"])
        number = chosen["subject"].number
        moved.append(RecordRef.at(place.study.slug, number, ref.form_oid, made.visit_id, made.repeat))

    if request.method == "POST" and carried_out(form, act):
        messages.success(request, _("The form is moved. Here it stands now."))
        return redirect(address_of(moved[0]))
    page = RecordPage(place)
    context = subject_context(request, place.subject) | {"form": form, "page": page, "place": place, "record": record}
    return render(request, "casebook/record/move.html", context, status=422 if form.errors else 200)


def _visits(place: RecordPlace) -> list[tuple[str, str]]:
    """The visits that have this form, of any subject of the study as the protocol plans them; none for a log."""
    if place.ref.visit_id is None:
        return []
    codes = [code for code in place.protocol.visits if place.form.oid in place.protocol.forms_at(code)]
    rows = SubjectVisit.objects.filter(study=place.study, code__in=codes)
    if place.is_blinded:
        rows = rows.filter(audience="")
    seen = rows.order_by("position", "cycle", "occurrence").values_list("code", "cycle", "occurrence").distinct()[:200]
    labels = {}
    for code, cycle, occurrence in seen:
        one = SubjectVisit(code=code, cycle=cycle, occurrence=occurrence)
        labels[f"{code}:{cycle}:{occurrence}"] = in_language(visit_label(place.protocol, one))
    return list(labels.items())
