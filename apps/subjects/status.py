"""The status machine of a subject: which status may follow which. Nothing else changes a status."""

from apps.subjects.models import Subject

S = Subject.Status

ENDINGS = frozenset({S.WITHDRAWN, S.LOST, S.DIED})
TRANSITIONS: dict[str, frozenset[str]] = {
    S.SCREENED: ENDINGS | {S.SCREEN_FAILED, S.ENROLLED},
    S.ENROLLED: ENDINGS | {S.RANDOMIZED, S.ON_TREATMENT, S.OFF_TREATMENT, S.COMPLETED},
    S.RANDOMIZED: ENDINGS | {S.ON_TREATMENT, S.OFF_TREATMENT, S.COMPLETED},
    # back to enrolled or randomized only when the first dose turns out not to have been given
    S.ON_TREATMENT: ENDINGS | {S.OFF_TREATMENT, S.COMPLETED, S.ENROLLED, S.RANDOMIZED},
    S.OFF_TREATMENT: ENDINGS | {S.ON_TREATMENT, S.COMPLETED},
    S.WITHDRAWN: frozenset({S.DIED}),
    S.LOST: frozenset({S.DIED}),
    S.SCREEN_FAILED: frozenset(),
    S.COMPLETED: frozenset({S.DIED}),
    S.DIED: frozenset(),
}
# in the trial: enrolled at some time and not left it
ACTIVE = frozenset({S.ENROLLED, S.RANDOMIZED, S.ON_TREATMENT, S.OFF_TREATMENT})
# nothing is planned for them any more
LEFT = ENDINGS | {S.SCREEN_FAILED, S.COMPLETED}
# between these a subject moves with its treatment, which may tell the arm: for the blinded they are one
TREATED = frozenset({S.RANDOMIZED, S.ON_TREATMENT, S.OFF_TREATMENT})
# counted against the target: everybody who was ever enrolled has an enrolment milestone; these have not
NEVER_ENROLLED = frozenset({S.SCREENED, S.SCREEN_FAILED})


def may_become(current: str, wanted: str) -> bool:
    return wanted in TRANSITIONS[current]
