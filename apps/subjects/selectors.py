"""Reads about subjects: the access functions, the dated facts in force, the numbers against the target."""

from collections.abc import Iterable
from datetime import date

from django.db.models import Count, Exists, OuterRef, QuerySet

from apps.audit.ledger import block_memory
from apps.common.actors import Actor
from apps.common.errors import Forbidden, NotVisible
from apps.studies.access import held_memberships
from apps.studies.models import Membership, Site, Study
from apps.studies.protocol import protocol_for_site, site_today
from apps.subjects.milestones import Milestones
from apps.subjects.models import Milestone, Subject, SubjectTransfer
from apps.subjects.permissions import SEE_IDENTITIES
from apps.subjects.status import LEFT, NEVER_ENROLLED


def get_subject_for(actor: Actor, slug: str, number: str) -> Subject:
    """The subject with its study and site, or 404 where the actor's sites do not include it."""
    found = Subject.objects.visible_to(actor).filter(study__slug=slug, number=number)
    moved = SubjectTransfer.objects.filter(subject=OuterRef("pk"))
    subject = found.select_related("site", "study").annotate(was_transferred=Exists(moved)).first()
    if subject is None:
        raise NotVisible
    return subject


def today_at(site: Site) -> date:
    """The calendar day at the site."""
    return site_today(site)


def due_day(subject: Subject) -> date | None:
    """The day that decides what is due or overdue for the subject: today at the site, none for who has left."""
    return None if subject.status in LEFT else today_at(subject.site)


def milestones_of(subject: Subject) -> Milestones:
    """What is in force, in one statement; once in a block of the ledger that holds the subject's lock."""
    memory = block_memory()
    if memory is None or ("subject", subject.pk) not in memory:
        return milestones_of_many([subject.pk])[subject.pk]
    key = ("milestones", subject.pk)
    if key not in memory:
        memory[key] = milestones_of_many([subject.pk])[subject.pk]
    return memory[key]


def remember_milestone(subject: Subject, kind: str, occurrence: int, on: date | None) -> None:
    """For whoever writes one: the next reader of the block finds it with those that were read."""
    memory, key = block_memory(), ("milestones", subject.pk)
    if memory is not None and key in memory:
        memory[key] = Milestones.of([(*place, day) for place, day in (memory[key].dates | {(kind, occurrence): on}).items()])


def milestones_of_many(subject_ids: Iterable[int]) -> dict[int, Milestones]:
    ids = list(subject_ids)
    newest = (
        Milestone.objects.filter(subject_id__in=ids)
        .order_by("subject_id", "kind", "occurrence", "-id")
        .distinct("subject_id", "kind", "occurrence")
    )
    rows: dict[int, list[tuple[str, int, date | None]]] = {pk: [] for pk in ids}
    for subject_id, kind, occurrence, on in newest.values_list("subject_id", "kind", "occurrence", "on"):
        rows[subject_id].append((kind, occurrence, on))
    return {pk: Milestones.of(found) for pk, found in rows.items()}


def count_enrolled(study: Study, site: Site | None = None) -> int:
    """Subjects ever enrolled, those who left included: that is what the target counts."""
    subjects = Subject.objects.filter(study=study) if site is None else Subject.objects.filter(site=site)
    return ever_enrolled(subjects).count()


def ever_enrolled(subjects: QuerySet[Subject]) -> QuerySet[Subject]:
    """Those of the subjects with a day of enrolment; who left during screening has none."""
    enrolled = Milestone.objects.filter(subject=OuterRef("pk"), kind="enrolment")
    return subjects.exclude(status__in=NEVER_ENROLLED).filter(Exists(enrolled))


def enrolment_counts(actor: Actor, study: Study) -> dict[str, int]:
    """How many subjects that the actor sees are in each status."""
    seen = Subject.objects.visible_to(actor).filter(study=study)
    return dict(seen.order_by().values_list("status").annotate(number=Count("id")))


def transfers_from(actor: Actor, study: Study) -> QuerySet[SubjectTransfer]:
    """Subjects that left one of the actor's sites for another, newest first."""
    sites = Site.objects.visible_to(actor).filter(study=study)
    rows = SubjectTransfer.objects.filter(study=study, from_site__in=sites)
    return rows.select_related("subject", "from_site", "to_site").order_by("-pk")


def newest_transfer(subject: Subject) -> SubjectTransfer | None:
    """Asked of the database only where ``get_subject_for`` did not find that there is none."""
    if not getattr(subject, "was_transferred", True):
        return None
    return SubjectTransfer.objects.filter(subject=subject).select_related("from_site").order_by("-pk").first()


def require_at_site(actor: Actor, site: Site) -> None:
    """404 where the study keeps no such list; 403 for who holds the role at all sites, or another one here."""
    protocol = protocol_for_site(site)
    if not protocol.definition.identification_list:
        raise NotVisible
    here = [one for one in held_memberships(actor) if one.site_id == site.pk]
    if not any(keeps_identities(one) for one in here):
        raise Forbidden(SEE_IDENTITIES)


def keeps_identities(held: Membership) -> bool:
    """A role at one site; one for all sites is no site's own."""
    return held.site_id is not None and held.role in SEE_IDENTITIES.roles
