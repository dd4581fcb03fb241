"""Every check of a study run again (`manage.py run_checks`), against running each record's checks by itself."""

from apps.capture.models import FormRecord
from apps.capture.services import recheck_record, run_checks
from apps.common.actors import SYSTEM
from bench import world
from bench.measure import Row, paired

VISITS = 10
ALONE = 100  # records of the reference


def run(stack, *, quick: bool) -> list[Row]:
    subjects = 50 if quick else 500
    study = world.published("bench-checks")
    world.fill(study, subjects=subjects, visits=VISITS, records=subjects * VISITS)
    few = list(FormRecord.objects.filter(study=study).order_by("subject_id", "id")[:ALONE])

    def reference():
        for record in few:
            recheck_record(SYSTEM, record)

    _ratio, mine, theirs = paired(lambda: run_checks(SYSTEM, study, is_dry=True), reference, pairs=3)
    count = subjects * VISITS
    ratio = (mine / count) / (theirs / ALONE)
    detail = f"{mine:.2f} s, {count} records × 25 items: {count / mine:.0f}/s; one by one {ALONE / theirs:.0f}/s"
    return [Row("batch checks, a record", "its checks run by themselves", ratio, 1.0, detail)]
