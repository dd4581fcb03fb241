from apps.safety.services.flags import acknowledge_flag, raise_flag, resolve_flag
from apps.safety.services.grading import flag_serious_event, grade_record

__all__ = ["acknowledge_flag", "flag_serious_event", "grade_record", "raise_flag", "resolve_flag"]
