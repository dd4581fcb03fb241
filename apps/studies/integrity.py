"""Do the published versions still say what was published? For ``verify_audit`` (trialcapture/wiring.py)."""

from collections.abc import Iterator

from apps.audit.selectors import histories
from apps.audit.verification import Finding
from apps.studies.models import StudyVersion
from apps.studies.projection import digest

PUBLISHED = "studies.version.published"


def version_findings() -> Iterator[Finding]:
    """Versions whose definition does not give their sha256, or whose sha256 is not the one the ledger recorded."""
    recorded = {
        object_id: event.details["sha256"]
        for object_id, events in histories("studies.studyversion")
        for event in events
        if event.action == PUBLISHED
    }
    for version in StudyVersion.objects.select_related("study").order_by("pk").iterator(chunk_size=20):
        place = str(version)
        if digest(version.definition) != version.sha256:
            yield Finding("version_altered", place, "the definition does not give the version's sha256")
        said = recorded.pop(str(version.pk), None)
        if said is None:
            yield Finding("version_unrecorded", place, "the ledger has no event of its publication")
        elif said != version.sha256:
            yield Finding("version_altered", place, "the sha256 is not the one that the ledger recorded")
    for object_id in recorded:
        yield Finding("version_missing", f"version {object_id}", "the ledger recorded its publication, and it is gone")
