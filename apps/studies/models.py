"""The protocol as data: studies, their immutable versions, and the rows that a version is projected into."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.common.actors import Actor
from apps.common.permissions import Role
from apps.common.text import in_language


class Hold(models.TextChoices):
    """Set by ``review``: frozen stops edits and leaves queries open, locked stops both."""

    NONE = "", _("Open")
    FROZEN = "frozen", _("Frozen")
    LOCKED = "locked", _("Locked")


def hold_field():
    return models.CharField(max_length=10, choices=Hold.choices, default=Hold.NONE, blank=True)


class StudyQuerySet(models.QuerySet["Study"]):
    def visible_to(self, actor: Actor) -> "StudyQuerySet":
        if actor.is_system:
            return self
        return self.filter(pk__in=Membership.objects.in_force(actor).values("study_id"))


class Study(models.Model):
    slug = models.SlugField(max_length=60, unique=True)
    title = models.JSONField()
    registry_id = models.CharField(max_length=40, blank=True)
    # every item's type for the life of the study: a new meaning is a new OID
    item_types = models.JSONField(default=dict)
    version = models.ForeignKey(
        "StudyVersion", null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("published version")
    )
    hold = hold_field()
    created_at = models.DateTimeField(auto_now_add=True)

    objects = StudyQuerySet.as_manager()

    def __str__(self) -> str:
        return in_language(self.title)


class StudyVersion(models.Model):
    """One published definition, whole and immutable; ``sha256`` is of its canonical JSON."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    definition = models.JSONField()
    sha256 = models.CharField(max_length=64)
    language_version = models.CharField(max_length=10)
    published_at = models.DateTimeField()
    published_by_id = models.BigIntegerField(null=True)
    note = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["study", "number"], name="study_version_number")]

    def __str__(self) -> str:
        return f"{self.study.slug} v{self.number}"


class SiteQuerySet(models.QuerySet["Site"]):
    def visible_to(self, actor: Actor) -> "SiteQuerySet":
        if actor.is_system:
            return self
        held = Membership.objects.in_force(actor)
        return self.filter(
            models.Q(pk__in=held.values("site_id")) | models.Q(study_id__in=held.filter(site=None).values("study_id"))
        )


class Site(models.Model):
    """A hospital taking part. ``subject_pattern`` makes subject numbers: {site} and {seq:03d}."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="sites")
    code = models.CharField(max_length=20)
    name = models.JSONField()
    time_zone = models.CharField(max_length=50, default="Asia/Shanghai")
    language = models.CharField(max_length=10, default="zh-hans")
    subject_pattern = models.CharField(max_length=60, default="{site}-{seq:03d}")
    next_sequence = models.PositiveIntegerField(default=1)
    cap = models.PositiveIntegerField(null=True, blank=True)
    # projection of the consent versions that count: [{label, language, since, again}, …]
    consent_forms = models.JSONField(default=list)
    hold = hold_field()

    objects = SiteQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["study", "code"], name="site_code")]
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.code} {in_language(self.name)}"


class ConsentVersion(models.Model):
    """A version of a site's consent form, in force from a day until the next begins."""

    class Language(models.TextChoices):
        ZH = "zh-hans", _("Chinese")
        EN = "en", _("English")
        OTHER = "other", pgettext_lazy("a language", "Another")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="consent_versions")
    label = models.CharField(max_length=40)
    language = models.CharField(max_length=10, choices=Language.choices)
    approved_on = models.DateField()  # by the ethics committee
    valid_from = models.DateField()
    again = models.BooleanField()  # who signed an earlier version signs again
    withdrawn_at = models.DateTimeField(null=True)  # entered by mistake

    class Meta:
        ordering = ["site", "-valid_from", "-pk"]

    def __str__(self) -> str:
        return f"{self.site.code} {self.label}"


class SiteVersion(models.Model):
    """Which version a site works by, from when: the newest whose ``active_from`` has come."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="versions")
    version = models.ForeignKey(StudyVersion, on_delete=models.PROTECT, related_name="+")
    approved_on = models.DateField(null=True, blank=True)
    active_from = models.DateField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "version"], name="site_version_once")]

    def __str__(self) -> str:
        return f"{self.site.code}: v{self.version.number} from {self.active_from}"


class Projected(models.Model):
    """A row that repeats one element of a published version, for lists, filters and joins. ``spec`` is the element."""

    version = models.ForeignKey(StudyVersion, on_delete=models.PROTECT, related_name="%(class)ss")
    position = models.PositiveIntegerField()
    spec = models.JSONField()

    class Meta:
        abstract = True
        ordering = ["position"]


class Arm(Projected):
    code = models.CharField(max_length=40)
    label = models.JSONField()

    class Meta(Projected.Meta):
        constraints = [models.UniqueConstraint(fields=["version", "code"], name="arm_code")]

    def __str__(self) -> str:
        return in_language(self.label)


class EligibilityCriterion(Projected):
    code = models.CharField(max_length=20)
    kind = models.CharField(max_length=10, choices=[("inclusion", _("Inclusion")), ("exclusion", _("Exclusion"))])
    text = models.JSONField()

    class Meta(Projected.Meta):
        constraints = [models.UniqueConstraint(fields=["version", "code"], name="criterion_code")]

    def __str__(self) -> str:
        return f"{self.code} {in_language(self.text)}"


class PlannedVisit(Projected):
    code = models.CharField(max_length=20)
    label = models.JSONField()

    class Meta(Projected.Meta):
        constraints = [models.UniqueConstraint(fields=["version", "code"], name="planned_visit_code")]

    def __str__(self) -> str:
        return in_language(self.label)


class Form(models.Model):
    """One version of a form. An unchanged form keeps its row from study version to study version (content hash)."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="forms")
    versions = models.ManyToManyField(StudyVersion, related_name="forms")
    oid = models.CharField(max_length=40)
    title = models.JSONField()
    content_hash = models.CharField(max_length=64)
    spec = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["study", "oid", "content_hash"], name="form_content")]

    def __str__(self) -> str:
        return in_language(self.title)


class Item(models.Model):
    form = models.ForeignKey(Form, on_delete=models.PROTECT, related_name="items")
    oid = models.CharField(max_length=40)
    kind = models.CharField(max_length=10)
    label = models.JSONField()
    position = models.PositiveIntegerField()
    spec = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["form", "oid"], name="item_oid")]
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.oid} {in_language(self.label)}"


class MembershipQuerySet(models.QuerySet["Membership"]):
    def in_force(self, actor: Actor) -> "MembershipQuerySet":
        return self.filter(user_id=actor.user_id, ended_at=None)


class Membership(models.Model):
    """A role of a person at a study and a site (``None``: all its sites). Ended, never deleted."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="memberships")
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=30, choices=Role.choices)
    started_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "study", "site", "role"],
                name="membership_once",
                condition=models.Q(ended_at=None),
                nulls_distinct=False,
            )
        ]
        indexes = [models.Index(fields=["user", "study"], name="membership_user")]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()}"
