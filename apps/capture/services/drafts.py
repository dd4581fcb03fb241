"""What a person typed and did not save yet: kept for that person until it is saved or thrown away by that person."""

import json
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.capture.models import Draft
from apps.capture.permissions import SECOND_ENTRY
from apps.capture.places import RecordPlace, RecordRef, load_place
from apps.common.actors import Actor
from apps.common.errors import DomainError

SIZE_MAX = 1_000_000  # characters of JSON: a form with 500 lines has a fifth of it


def save_draft(actor: Actor, ref: RecordRef, typed: Mapping[str, Any], base_revision: int, *, second: bool = False) -> Draft:
    """Keep what was typed as it was typed, unreadable entries too. Not a record: no check runs, no event is written.

    A held form takes no draft, since nothing of it could be saved.
    """
    place = load_place(actor, ref)
    place.require(SECOND_ENTRY if second else place.entry_right)
    place.refuse_held()
    _refuse_impossible(typed)
    draft, _created = Draft.objects.update_or_create(
        **_key(place, second), defaults={"study_id": place.study.pk, "base_revision": base_revision, "data": dict(typed)}
    )
    return draft


def _refuse_impossible(typed: Mapping[str, Any]) -> None:
    """What PostgreSQL cannot keep as JSON (NUL, lone surrogates), and what no form can hold."""
    text = json.dumps(typed, ensure_ascii=False)
    if len(text) > SIZE_MAX:
        raise DomainError(_("This is too much for one form."), code="too_long")
    if "\\u0000" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise DomainError(_("The text contains an invisible control character; type it again."), code="characters")


def discard_draft(actor: Actor, ref: RecordRef, *, second: bool = False) -> bool:
    """Throw away one's own draft; true where there was one."""
    place = load_place(actor, ref)
    place.require(SECOND_ENTRY if second else place.entry_right)
    deleted, _by_model = Draft.objects.filter(**_key(place, second)).delete()
    return bool(deleted)


def _key(place: RecordPlace, second: bool) -> dict[str, Any]:
    return {
        "user_id": place.actor.user_id,
        "subject_id": place.subject.pk,
        "visit_id": place.ref.visit_id,
        "form_oid": place.form.oid,
        "repeat": place.ref.repeat,
        "version_id": place.version_id,
        "second": second,
    }
