"""What happens next: one table from event to handlers, one of periodic work, one of checks.

Names, not imports, so that this page can be read as a list. A handler takes an ``apps.audit.selectors.EventView``, returns
nothing, and is idempotent: after a crash it runs again. Events reach handlers only if they were recorded with
``outbox=True``.
"""

from django.utils.module_loading import import_string

# action of the event -> handlers, in no order
RECHECK = "apps.capture.handlers.recheck_where_read"
DEVIATED = "apps.review.handlers.propose_deviations"
CONSENTED = "apps.review.handlers.propose_of_consent"
MOVED = ["apps.capture.handlers.recheck_by_visit", DEVIATED, CONSENTED]
SAVED = [
    RECHECK,
    "apps.capture.handlers.answer_queries_by_change",
    "apps.review.handlers.ask_of_hidden",
    CONSENTED,
    "apps.review.handlers.open_readings",
    "apps.enrolment.handlers.propose_eligibility",
    "apps.enrolment.handlers.open_branches",
    "apps.safety.handlers.grade_record",
    "apps.safety.handlers.flag_serious_event",
    "apps.safety.handlers.flag_questions",
    "apps.safety.handlers.flag_changed_eligibility",
    "apps.safety.handlers.flag_duplicates",
    "apps.dosing.handlers.assess_trough",
]
HANDLERS: dict[str, list[str]] = {
    "accounts.account.created": ["apps.accounts.handlers.send_invitation"],
    "accounts.account.invited": ["apps.accounts.handlers.send_invitation"],
    "capture.record.saved": SAVED,
    "capture.record.completed": SAVED,
    "capture.record.reactivated": SAVED,
    "capture.record.rechecked": SAVED,
    "capture.record.moved": SAVED,
    "capture.record.adjudicated": SAVED,
    "capture.record.not_done": [RECHECK],
    "capture.record.inactivated": [RECHECK, CONSENTED],
    "visits.visit.dated": MOVED,
    "visits.visit.missed": [DEVIATED],
    "visits.visit.reopened": [DEVIATED],
    "studies.consent_version.added": [CONSENTED],
    "studies.consent_version.withdrawn": [CONSENTED],
    "subjects.status.changed": [CONSENTED],
    "subjects.status.corrected": [CONSENTED],
    "enrolment.subject.enrolled": ["apps.enrolment.handlers.propose_eligibility"],
    "subjects.milestone.set": MOVED,
    "notifications.notice.written": ["apps.notifications.handlers.send_mail"],
    "randomization.subject.randomized": ["apps.notifications.handlers.subject_randomized"],
    "randomization.list.running_low": ["apps.notifications.handlers.list_running_low"],
    "randomization.arm.unblinded": ["apps.notifications.handlers.arm_unblinded"],
    "safety.flag.raised": ["apps.notifications.handlers.flag_raised"],
    "casebook.printout.requested": ["apps.casebook.handlers.start_printout"],
    "exports.export.requested": ["apps.exports.handlers.start_export"],
    "exports.export.finished": ["apps.notifications.handlers.export_finished"],
    "exports.export.failed": ["apps.notifications.handlers.export_finished"],
}

# name -> (task, seconds); every task may run on any number of beats and workers at once
BEAT: dict[str, tuple[str, float]] = {
    "outbox": ("apps.audit.tasks.sweep", 30),
    "seals": ("apps.audit.tasks.seal_all", 3600),
    "forget": ("apps.audit.tasks.forget", 86400),
    "reminders": ("apps.notifications.tasks.remind", 300),
    "mails": ("apps.notifications.tasks.send_mails", 30),
    "exports": ("apps.exports.sweep", 60),
    "printouts": ("apps.casebook.sweep", 60),
}

# what verify_audit checks besides the chains: name -> callable that yields findings
CHECKS: dict[str, str] = {
    "published versions": "apps.studies.integrity.version_findings",
}

# lines of the close-out check list that apps above review count: code -> callable(study, subjects)
CLOSE_OUT: dict[str, str] = {
    "ungraded": "apps.safety.closing.ungraded_results",
    "questions": "apps.safety.closing.undecided_questions",
    "deviations": "apps.review.selectors.deviations.unsettled",
}

# tables whose history the database refuses to change, beside the ledger's own
INSERT_ONLY = [
    "capture_querymessage",
    "capture_recordrevision",
    "dosing_troughassessment",
    "enrolment_departure",
    "enrolment_eligibilityassessment",
    "randomization_allocation",
    "randomization_misrandomization",
    "randomization_unblinding",
    "review_reading",
    "review_signature",
    "review_waiver",
    "safety_flagstep",
    "safety_grade",
    "studies_studyversion",
    "subjects_milestone",
    "subjects_subjecttransfer",
]


def beat_schedule() -> dict[str, dict]:
    """BEAT as Celery wants it. A run that finds no worker for its whole period is dropped: the next one does its work."""
    return {
        name: {"task": task, "schedule": seconds, "options": {"expires": seconds}} for name, (task, seconds) in BEAT.items()
    }


def wire() -> None:
    """Bind the tables to ``apps.audit``; called once, when all apps are loaded."""
    from apps.audit import checks, outbox
    from apps.review.selectors import closing

    outbox.bind(HANDLERS)
    closing.bind(CLOSE_OUT)
    checks.INSERT_ONLY.update(INSERT_ONLY)
    for name, dotted in CHECKS.items():
        checks.register(name, import_string(dotted))
