from django.db.models import QuerySet

from apps.common.actors import Actor
from apps.common.errors import NotVisible
from apps.exports.models import Export
from apps.studies.models import Study


def exports_for(actor: Actor, study: Study) -> QuerySet[Export]:
    """A person sees the exports they asked for themselves: another's may hold other sites or the arm."""
    return Export.objects.filter(study=study, requested_by_id=actor.user_id).select_related("study").order_by("-pk")


def get_export_for(actor: Actor, study: Study, pk: int) -> Export:
    export = exports_for(actor, study).filter(pk=pk).first()
    if export is None:
        raise NotVisible
    return export
