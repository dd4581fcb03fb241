from apps.review.services.closing import waive_line
from apps.review.services.holds import freeze, lock, release
from apps.review.services.marks import mark_record, mark_visit, withdraw_marks
from apps.review.services.signing import sign, sign_data

__all__ = ["freeze", "lock", "mark_record", "mark_visit", "release", "sign", "sign_data", "waive_line", "withdraw_marks"]
