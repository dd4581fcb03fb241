"""Events that people hear of. Siblings are not imported: an event says all that a notice needs."""

from django.urls import reverse

from apps.accounts.models import User
from apps.common.actors import SYSTEM
from apps.common.permissions import Role
from apps.notifications import services, wording
from apps.notifications.reminders import recipients
from apps.notifications.tasks import send_mails
from apps.safety.models import Flag
from apps.studies.models import Study
from apps.subjects.models import Subject

HEARS_OF_FLAGS = {Role.COORDINATOR, Role.INVESTIGATOR, Role.SAFETY_OFFICER, Role.MEDICAL_MONITOR}
HEARS_OF_RANDOMIZATION = {Role.COORDINATOR, Role.INVESTIGATOR, Role.PHARMACIST}
KEEPS_LISTS = {Role.UNBLINDED_STATISTICIAN}
SPONSOR = {Role.STUDY_ADMIN, Role.SAFETY_OFFICER, Role.MEDICAL_MONITOR}


def send_mail(event) -> None:
    """A notice was written: ask the mail queue to send what waits. Beat asks too, so a lost message costs half a minute."""
    send_mails.delay()


def flag_raised(event) -> None:
    """Tell those who handle flags at the subject's site; the blinded hear nothing of a flag that they may not see."""
    flag = Flag.objects.select_related("subject__site", "study").get(pk=event.object_id)
    services.notify(
        SYSTEM,
        flag.study,
        recipients(flag.study, flag.subject.site_id, HEARS_OF_FLAGS, unblinded_only=bool(flag.audience)),
        kind="flag",
        occasion=f"flag:{flag.pk}",
        say=wording.flag_raised,
        args=(flag.subject.number,),
        link=reverse("safety:flags", args=[flag.study.slug]),
        subject=flag.subject,
    )


def subject_randomized(event) -> None:
    """Tell the site's people, the pharmacist among them, that there is an allocation; not which."""
    subject = Subject.objects.select_related("study", "site").get(pk=event.subject_id)
    services.notify(
        SYSTEM,
        subject.study,
        recipients(subject.study, subject.site_id, HEARS_OF_RANDOMIZATION),
        kind="randomization",
        occasion=f"randomization:{event.object_id}",
        say=wording.subject_randomized,
        args=(subject.number,),
        link=reverse("casebook:subject", args=[subject.study.slug, subject.number]),
        subject=subject,
        language=subject.site.language,
    )


def list_running_low(event) -> None:
    """Tell those who can make the lists longer."""
    study = Study.objects.get(pk=event.study_id)
    services.notify(
        SYSTEM,
        study,
        recipients(study, None, KEEPS_LISTS, unblinded_only=True),
        kind="list",
        occasion=f"list:{event.id}",
        say=wording.list_running_low,
        args=(study.slug,),
        link=reverse("randomization:lists", args=[study.slug]),
    )


def arm_unblinded(event) -> None:
    """Tell the sponsor's people that somebody was unblinded, and to whom; not the arm."""
    subject = Subject.objects.select_related("study").get(pk=event.subject_id)
    services.notify(
        SYSTEM,
        subject.study,
        recipients(subject.study, subject.site_id, SPONSOR),
        kind="unblinding",
        occasion=f"unblinding:{event.object_id}",
        say=wording.arm_unblinded,
        args=(subject.number, event.actor.name),
        link=reverse("casebook:subject", args=[subject.study.slug, subject.number]),
        subject=subject,
    )


def export_finished(event) -> None:
    """Tell the person who asked for the export, in their own language."""
    study = Study.objects.get(pk=event.study_id)
    user_id = event.details["requested_by"]
    services.notify(
        SYSTEM,
        study,
        User.objects.filter(pk=user_id, is_active=True),
        kind="export",
        occasion=f"export:{event.object_id}",
        say=wording.export_finished,
        args=(event.action == "exports.export.finished",),
        link=reverse("exports:list", args=[study.slug]),
    )
