"""Lists are made, released, extended and revealed; subjects are allocated; what went wrong is recorded; emergencies."""

from apps.randomization.services.allocating import admit_subject, randomize_subject, take_back_enrolment
from apps.randomization.services.mistakes import record_misrandomization
from apps.randomization.services.schemes import (
    create_scheme,
    discard_scheme,
    download_revealed,
    extend_by_import,
    extend_lists,
    go_live,
    import_list,
    reveal_scheme,
    try_scheme,
)
from apps.randomization.services.unblinding import unblind_subject

__all__ = [
    "admit_subject",
    "create_scheme",
    "discard_scheme",
    "download_revealed",
    "extend_by_import",
    "extend_lists",
    "go_live",
    "import_list",
    "randomize_subject",
    "record_misrandomization",
    "reveal_scheme",
    "take_back_enrolment",
    "try_scheme",
    "unblind_subject",
]
