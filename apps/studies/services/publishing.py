"""Publishing: one definition becomes an immutable version, and rows for lists, filters and joins."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.services import require_mfa
from apps.audit.ledger import ledger
from apps.common.actors import Actor
from apps.common.errors import DomainError, Forbidden
from apps.studies.access import require
from apps.studies.compiling import standing_items, type_of
from apps.studies.definition import StudyDefinition
from apps.studies.difference import difference
from apps.studies.models import Membership, Study, StudyVersion
from apps.studies.permissions import PUBLISH_VERSION
from apps.studies.projection import digest, project
from apps.studies.services.sites import update_sites


def publish(actor: Actor, definition: StudyDefinition, note: str = "") -> StudyVersion:
    """The definition as the study's newest version; the study itself is created at its first.

    The definition has passed the loader. What is published already is returned as it stands, with nothing written.
    Refused: an item that changes its type (whoever published in between counts), a held study; only the system creates.
    """
    with transaction.atomic():
        study = _study_of(actor, definition)
        content = definition.model_dump(mode="json")
        if study.version and study.version.sha256 == digest(content):
            return study.version
        with ledger(actor, study.pk) as entry:
            _refuse_other_types(study, definition)
            _refuse_undecided(study, definition)
            before = study.version
            if before is None:
                entry(action="studies.study.created", obj=study, label=study.slug, changes=[("slug", None, study.slug)])
            version = _new_version(actor, study, content, note)
            project(version, definition)
            _point_to(study, version, definition)
            entry(
                action="studies.version.published",
                obj=version,
                changes=[("version", before.number if before else None, version.number)],
                reason=note,
                details={"sha256": version.sha256, "difference": _told(before, definition)},
                outbox=True,
            )
            update_sites(entry, study, version, definition)
            _require_second_factors(actor, study, definition)
    return version


def _study_of(actor: Actor, definition: StudyDefinition) -> Study:
    """The study, locked so that two publishings follow one another."""
    if not actor.is_system and not Study.objects.filter(slug=definition.study).exists():
        raise Forbidden(PUBLISH_VERSION)
    Study.objects.get_or_create(slug=definition.study, defaults={"title": definition.title.model_dump()})
    study = Study.objects.select_for_update(of=("self",)).select_related("version").get(slug=definition.study)
    require(actor, PUBLISH_VERSION, study_id=study.pk)
    if study.hold:
        raise DomainError(_("The study is frozen or locked; nothing can be published."), code="study_held")
    return study


def _refuse_undecided(study: Study, definition: StudyDefinition) -> None:
    """What the sponsor decided is not lost by loading a file that does not know of it."""
    if study.version is None:
        return
    decided = {one["code"]: one["decided"] for one in study.version.definition["questions"] if one.get("decided")}
    now = {question.code: question.model_dump(mode="json")["decided"] for question in definition.questions}
    if lost := sorted(code for code, decision in decided.items() if now.get(code) != decision):
        raise DomainError(
            _("The definition does not hold what the sponsor decided on %(codes)s; add it to the file.")
            % {"codes": ", ".join(lost)},
            code="undoes_decision",
        )


def _refuse_other_types(study: Study, definition: StudyDefinition) -> None:
    for place in standing_items(definition.forms):
        before = study.item_types.get(place.item.oid)
        if before and before != type_of(place.item):
            message = _("Item %(oid)s was published as %(before)s and is now %(now)s; give the new meaning a new OID.")
            words = {"oid": place.item.oid, "before": before, "now": type_of(place.item)}
            raise DomainError(message % words, code="item_type_changed", item=place.item.oid)


def _new_version(actor: Actor, study: Study, content: dict[str, Any], note: str) -> StudyVersion:
    return StudyVersion.objects.create(
        study=study,
        number=study.version.number + 1 if study.version else 1,
        definition=content,
        sha256=digest(content),
        language_version=content["language_version"],
        published_at=timezone.now(),
        published_by_id=actor.user_id,
        note=note,
    )


def _point_to(study: Study, version: StudyVersion, definition: StudyDefinition) -> None:
    study.version, study.title = version, definition.title.model_dump()
    study.registry_id = definition.registry.id
    grown = {place.item.oid: type_of(place.item) for place in standing_items(definition.forms)}
    study.item_types = study.item_types | grown
    study.save(update_fields=["version", "title", "registry_id", "item_types"])


def _told(before: StudyVersion | None, definition: StudyDefinition) -> list[str]:
    """The difference in words; of a first version nothing, it is all new."""
    if before is None:
        return []
    return [str(change) for change in difference(StudyDefinition.model_validate(before.definition), definition)]


def _require_second_factors(actor: Actor, study: Study, definition: StudyDefinition) -> None:
    held = Membership.objects.filter(study=study, ended_at=None, role__in=definition.mfa_roles)
    for user in User.objects.filter(pk__in=held.values("user_id"), mfa_required=False).order_by("pk"):
        require_mfa(actor, user, reason=study.slug)
