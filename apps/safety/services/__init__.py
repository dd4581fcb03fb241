from apps.safety.services.duplicates import flag_duplicates
from apps.safety.services.eligibility import flag_changed_eligibility
from apps.safety.services.flags import acknowledge_flag, raise_flag, resolve_flag
from apps.safety.services.grading import flag_serious_event, grade_record
from apps.safety.services.questions import flag_questions

__all__ = [
    "acknowledge_flag",
    "flag_changed_eligibility",
    "flag_duplicates",
    "flag_questions",
    "flag_serious_event",
    "grade_record",
    "raise_flag",
    "resolve_flag",
]
