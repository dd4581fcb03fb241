"""The study list and the pages of a study; exports; flags; the inbox."""

from apps.exports.permissions import EXPORT_DATA
from apps.safety.permissions import HANDLE_FLAGS, VIEW_FLAGS
from apps.studies.permissions import ACTIVATE_VERSION, MANAGE_PEOPLE, PUBLISH_VERSION, VIEW_PEOPLE, VIEW_STUDY
from tests.permissions.rows import OWNER, SIGNED_IN, SITE, STUDY, Row, post, study_slug


def of(name):
    """The address of one thing of the study: its slug and the key of ``world.<name>``."""
    return lambda world: {"slug": world.study.slug, "pk": getattr(world, name).pk}


ROWS = {
    "studies:versions": Row(STUDY, VIEW_STUDY, study_slug),
    "studies:versions#activate": post(STUDY, ACTIVATE_VERSION, study_slug),
    "studies:decide": Row(STUDY, PUBLISH_VERSION, lambda world: study_slug(world) | {"code": "Q01"}),
    "studies:list": Row(SIGNED_IN),
    "studies:detail": Row(STUDY, VIEW_STUDY, study_slug),
    "studies:permissions": Row(STUDY, VIEW_STUDY, study_slug),
    "studies:people": Row(STUDY, VIEW_PEOPLE, study_slug),
    "studies:end_role": post(STUDY, MANAGE_PEOPLE, of("membership"), data=lambda world: {"reason": "left"}),
    "safety:flags": Row(STUDY, VIEW_FLAGS, study_slug),
    "safety:flag_step": post(SITE, HANDLE_FLAGS, of("flag"), data=lambda world: {"step": "acknowledge"}),
    "exports:list": Row(STUDY, EXPORT_DATA, study_slug),
    "exports:progress": Row(OWNER, kwargs=of("export"), owner="data_manager"),
    "exports:download": post(OWNER, kwargs=of("export"), owner="data_manager"),
    "notifications:inbox": Row(SIGNED_IN),
    "notifications:open": post(OWNER, kwargs=lambda world: {"pk": world.notice.pk}, owner="coordinator"),
}
