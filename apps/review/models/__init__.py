from apps.review.models.closing import Waiver
from apps.review.models.deviations import Deviation
from apps.review.models.marks import Mark
from apps.review.models.monitoring import Finding, MonitoringVisit
from apps.review.models.readings import Reading
from apps.review.models.signatures import Signature

__all__ = ["Deviation", "Finding", "Mark", "MonitoringVisit", "Reading", "Signature", "Waiver"]
