from apps.review.models.signatures import Signature

__all__ = ["Signature"]
