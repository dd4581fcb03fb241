"""Records of filled forms, every revision of them, drafts that are not yet records, and queries."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.studies.models import Form, Study, StudyVersion, hold_field
from apps.subjects.models import Subject
from apps.visits.models import SubjectVisit


class FormRecordQuerySet(models.QuerySet):
    def visible_to(self, actor):
        return self.filter(subject__in=Subject.objects.visible_to(actor))

    def without_blinded(self, study: Study):
        """What a blinded person may know of."""
        from apps.studies.protocol import get_protocol

        oids = get_protocol(study.version_id).hidden_from_blinded
        unblinded_visit = models.Q(visit__isnull=False) & ~models.Q(visit__audience="")
        return self.exclude(form_oid__in=oids).exclude(unblinded_visit)


class FormRecord(models.Model):
    """One filled form. ``data``: item OID → "7.40" | ["A", "B"] (choices) | {"missing": "ND"};
    group OID → [{"_key": "…", item OID → …}] for a repeating group. Values are text as entered, in the item's own unit.

    Keys that start with "_" are no items: "_entered" keeps what was typed in another unit ({OID: {"value", "unit"}}),
    "_inactive" on a line is the reason why it does not count.
    ``changed``: item OID → revision at which it last changed (line items as "GROUP/key/ITEM").
    ``irrelevant``: OIDs (and such paths) that are hidden at this revision; their values are kept.
    ``completed_at``: when it was complete for the first time; from then on each change needs a reason.
    """

    class Status(models.TextChoices):
        INCOMPLETE = "incomplete", _("In progress")
        COMPLETE = "complete", _("Complete")
        NOT_DONE = "not_done", _("Not done")

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="records")
    visit = models.ForeignKey(SubjectVisit, null=True, blank=True, on_delete=models.PROTECT, related_name="records")
    form_oid = models.CharField(max_length=40)
    form = models.ForeignKey(Form, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(StudyVersion, on_delete=models.PROTECT, related_name="+")
    repeat = models.PositiveIntegerField(default=1)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.INCOMPLETE)
    revision = models.PositiveIntegerField(default=0)
    data = models.JSONField(default=dict)
    changed = models.JSONField(default=dict)
    irrelevant = models.JSONField(default=list)
    inactive = models.BooleanField(default=False)
    hold = hold_field()
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    updated_by_id = models.BigIntegerField(null=True)
    completed_at = models.DateTimeField(null=True)

    objects = FormRecordQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "visit", "form_oid", "repeat"], name="record_once", nulls_distinct=False
            )
        ]
        indexes = [
            models.Index(fields=["study", "form_oid", "id"], name="record_export"),
            models.Index(fields=["subject", "form_oid"], name="record_subject_form"),
        ]

    def __str__(self) -> str:
        return f"{self.form_oid}{f' #{self.repeat}' if self.repeat > 1 else ''}"


class RecordRevision(models.Model):
    """The whole record as one save left it. Insert-only."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    record = models.ForeignKey(FormRecord, on_delete=models.PROTECT, related_name="revisions")
    revision = models.PositiveIntegerField()
    status = models.CharField(max_length=12)
    version_id = models.BigIntegerField()
    data = models.JSONField()
    irrelevant = models.JSONField(default=list)
    inactive = models.BooleanField(default=False)
    event_id = models.UUIDField()
    at = models.DateTimeField()
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.TextField()
    reason = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["record", "revision"], name="revision_once")]

    def __str__(self) -> str:
        return f"{self.record_id} r{self.revision}"


class SecondEntry(models.Model):
    """A form entered again by another person, who does not see the first entry. ``data`` as of a record.

    ``differences``: what was found when it was completed, as the fields of ``double_entry.Difference``.
    ``decided``: path → {choice (first | second), by, name, at, reason}. ``is_settled``: nothing is left to decide.
    """

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    record = models.OneToOneField(FormRecord, on_delete=models.PROTECT, related_name="second_entry")
    revision = models.PositiveIntegerField(default=0)
    data = models.JSONField(default=dict)
    irrelevant = models.JSONField(default=list)
    entered_by_id = models.BigIntegerField(null=True)
    entered_by_name = models.TextField()
    entered_ids = models.JSONField(default=list)  # everybody who saved it
    updated_at = models.DateTimeField(auto_now=True)
    completed_at = models.DateTimeField(null=True)
    differences = models.JSONField(default=list)
    decided = models.JSONField(default=dict)
    is_settled = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["study", "is_settled"], name="second_entry_open")]

    def __str__(self) -> str:
        return f"{self.record_id} entered again"

    @property
    def undecided(self) -> list[dict]:
        return [one for one in self.differences if one["path"] not in self.decided]


class Draft(models.Model):
    """What a person typed and has not saved: kept per person until saved or discarded by that person."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="+")
    visit = models.ForeignKey(SubjectVisit, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    form_oid = models.CharField(max_length=40)
    repeat = models.PositiveIntegerField(default=1)
    version = models.ForeignKey(StudyVersion, on_delete=models.PROTECT, related_name="+")
    second = models.BooleanField(default=False)  # of a second entry
    base_revision = models.PositiveIntegerField(default=0)
    data = models.JSONField(default=dict)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "subject", "visit", "form_oid", "repeat", "version", "second"],
                name="draft_once",
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return f"{self.form_oid} by {self.user_id}"


class Opening(models.Model):
    """Who has a form open to enter data: a sign of life, not a lock. It is over two minutes after ``seen_at``."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="+")
    visit = models.ForeignKey(SubjectVisit, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    form_oid = models.CharField(max_length=40)
    repeat = models.PositiveIntegerField(default=1)
    since = models.DateTimeField()
    seen_at = models.DateTimeField()
    taken_over_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "visit", "form_oid", "repeat", "user"], name="opening_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.form_oid} by {self.user_id}"


class Query(models.Model):
    """A question about one item of a record (or the whole record): by an edit check, a person or a verification."""

    class Kind(models.TextChoices):
        SYSTEM = "system", _("System")
        MANUAL = "manual", _("Manual")
        VERIFICATION = "verification", pgettext_lazy("kind of query", "Verification")

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        ANSWERED = "answered", _("Answered")
        CLOSED = "closed", _("Closed")

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="queries")
    record = models.ForeignKey(FormRecord, on_delete=models.PROTECT, related_name="queries")
    item_oid = models.CharField(max_length=40, blank=True)
    line_key = models.CharField(max_length=40, blank=True)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    # the edit check (or RANGE, REQUIRED) that holds it open; a check has one query that is not closed per item
    check_oid = models.CharField(max_length=80, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    text = models.JSONField()  # {en, zh} for system queries; {"en": typed text} for people's
    # the stored value that it is about: what a person accepted is not asked again until the value changes
    value = models.JSONField(null=True)
    assigned_role = models.CharField(max_length=30, default="coordinator")
    due_on = models.DateField(null=True, blank=True)
    opened_at = models.DateTimeField(auto_now_add=True)
    opened_by_id = models.BigIntegerField(null=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by_id = models.BigIntegerField(null=True)  # null: the check found it answered by a new value

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["record", "item_oid", "line_key", "check_oid"],
                name="one_open_query_per_check",
                condition=models.Q(kind="system") & ~models.Q(status="closed"),
            )
        ]
        indexes = [
            models.Index(fields=["study", "status", "id"], name="query_list"),
            models.Index(fields=["subject", "status"], name="query_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.record} {self.item_oid}: {self.status}"


class Attachment(models.Model):
    """A file of one item: kept in the default storage under its own id, served only through a permission check.

    ``content_type`` is what the bytes are, not what the browser said. Never changed, never deleted.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="+")
    form_oid = models.CharField(max_length=40)
    item_oid = models.CharField(max_length=40)
    name = models.CharField(max_length=255)
    content_type = models.CharField(max_length=60)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    path = models.CharField(max_length=200)
    uploaded_at = models.DateTimeField(auto_now_add=True)
    uploaded_by_id = models.BigIntegerField(null=True)

    def __str__(self) -> str:
        return self.name


class QueryMessage(models.Model):
    """What was said in a query's thread, with the step it made. Insert-only."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    query = models.ForeignKey(Query, on_delete=models.PROTECT, related_name="messages")
    step = models.CharField(max_length=10)  # opened, answered, closed, reopened
    text = models.TextField(blank=True)
    at = models.DateTimeField()
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.TextField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.step}: {self.text}"
