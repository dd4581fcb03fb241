from apps.review.models.closing import Waiver
from apps.review.models.marks import Mark
from apps.review.models.signatures import Signature

__all__ = ["Mark", "Signature", "Waiver"]
