from apps.review.services.holds import freeze, lock, release
from apps.review.services.signing import sign

__all__ = ["freeze", "lock", "release", "sign"]
