from django.db.models import QuerySet

from apps.common.actors import Actor
from apps.common.errors import NotVisible
from apps.notifications.models import Notice
from apps.studies.models import Study


def inbox_of(actor: Actor) -> QuerySet[Notice]:
    """One's own notices, of studies where one still holds a role."""
    return (
        Notice.objects.filter(user_id=actor.user_id or 0, study__in=Study.objects.visible_to(actor))
        .select_related("study")
        .order_by("-pk")
    )


def unread_count(actor: Actor) -> int:
    """Up to 100, which the page shows as 99+."""
    return inbox_of(actor).filter(read_at=None)[:100].count()


def get_notice_for(actor: Actor, pk: int) -> Notice:
    notice = inbox_of(actor).filter(pk=pk).first()
    if notice is None:
        raise NotVisible
    return notice
