"""Writing and reading the identification list. Its values stand in no event, export, mail or log; each look at it is one."""

from django.utils.translation import gettext as _

from apps.audit.ledger import ledger
from apps.common.actors import Actor
from apps.common.errors import DomainError
from apps.studies.models import Site
from apps.subjects.identities import FIELDS, seal, unseal
from apps.subjects.models import Identity, Subject
from apps.subjects.selectors import require_at_site
from apps.subjects.services import lock_subject, refuse_held

MAX = 200


def record_identity(actor: Actor, subject: Subject, values: dict[str, str]) -> Identity:
    """Who the subject is, as the site says; empty values are kept as such. Refused: text that is too long or unprintable."""
    require_at_site(actor, subject.site)
    kept = {field: values.get(field, "").strip() for field in FIELDS}
    for field, text in kept.items():
        if len(text) > MAX or not text.isprintable():
            raise DomainError(_("At most %(limit)s characters fit here.") % {"limit": MAX}, code="too_long", item=field)
    with ledger(actor, subject.study_id) as entry:
        subject = lock_subject(subject)
        refuse_held(subject.study, subject.site, subject)
        identity, _created = Identity.objects.update_or_create(
            subject=subject,
            defaults={
                "study_id": subject.study_id,
                "site_id": subject.site_id,
                "sealed": seal(subject.site, subject.pk, kept),
            },
        )
        entry(
            action="subjects.identity.recorded",
            obj=identity,
            label=subject.number,
            site_id=subject.site_id,
            subject_id=subject.pk,
        )
    return identity


def view_identities(actor: Actor, site: Site, subject: Subject | None = None) -> list[tuple[Subject, dict[str, str]]]:
    """(subject, name, contact and hospital number) of all subjects of the site, or of one; the look goes to the ledger.

    A subject that came from another site has an entry once this site makes one: the former site's key opens nothing here.
    """
    require_at_site(actor, site)
    subjects = Subject.objects.filter(site=site).order_by("number")
    if subject is not None:
        subjects = subjects.filter(pk=subject.pk)
    known = {row.subject_id: row for row in Identity.objects.filter(subject__site=site, site=site)}
    empty = dict.fromkeys(FIELDS, "")
    found = [(one, unseal(site, one.pk, known[one.pk].sealed) if one.pk in known else dict(empty)) for one in subjects]
    with ledger(actor, site.study_id) as entry:
        entry(
            action="subjects.identity.viewed",
            obj=site if subject is None else subject,
            label=site.code if subject is None else subject.number,
            site_id=site.pk,
            subject_id=subject.pk if subject is not None else None,
            details={"entries": len(found)},
        )
    return found
