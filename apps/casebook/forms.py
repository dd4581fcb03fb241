"""The shape of what is typed on the pages about a subject. Whether it is allowed is decided by the services."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.accounts.forms import ConfirmIdentityForm, PlainForm
from apps.capture.models import FormRecord
from apps.casebook.models import Printout
from apps.common.fields import DayInput, day_field
from apps.common.reasons import REASON_MAX
from apps.enrolment.services import DEPARTURES, SCOPES
from apps.randomization.models import Misrandomization, Unblinding
from apps.review.selectors.closing import LABELS
from apps.studies.definition import ItemDefinition
from apps.studies.models import ConsentVersion, Site
from apps.studies.protocol import Protocol
from apps.studies.wording import said
from apps.subjects.models import Subject
from apps.subjects.status import may_become
from apps.visits.selectors import visits_of

SCORED = frozenset({"text", "integer", "decimal", "date", "yesno", "choice"})  # items that a plain form can ask


class ScreenForm(PlainForm):
    site = forms.ModelChoiceField(label=_("Site"), queryset=Site.objects.none(), empty_label=None)
    screened_on = day_field(_("Screened on"))
    previous = forms.CharField(
        label=_("Earlier number, when screened again"),
        max_length=40,
        required=False,
        help_text=_("Leave empty for somebody who has not been screened before."),
    )

    def __init__(self, *args, sites, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = sites

    def clean(self):
        """The earlier subject, of the same site; its state is the service's question."""
        data = super().clean()
        number = data.get("previous")
        if number and data.get("site"):
            data["previous"] = Subject.objects.filter(site=data["site"], number=number.strip()).first()
            if data["previous"] is None:
                self.add_error("previous", _("No subject of this site has this number."))
        return data


class SignEligibilityForm(ConfirmIdentityForm):
    """An investigator's signature under the assessment; ``waivable``: criteria that may pass with a reason."""

    note = forms.CharField(label=_("Note"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    field_order = ["note", "password", "otp"]

    def __init__(self, request, *args, waivable=(), **kwargs):
        super().__init__(request, *args, **kwargs)
        self.waivable = [result.code for result in waivable]
        for code in self.waivable:
            self.fields[f"waive_{code}"] = forms.CharField(
                label=_("Why %(code)s may pass") % {"code": code}, max_length=REASON_MAX, required=False
            )
        self.order_fields([*(f"waive_{code}" for code in self.waivable), *self.field_order])

    @property
    def waived(self) -> dict[str, str]:
        return {code: self.cleaned_data[f"waive_{code}"] for code in self.waivable}


class MisrandomizationForm(PlainForm):
    """What was wrong with an allocation."""

    kind = forms.ChoiceField(label=_("What was wrong"), choices=Misrandomization.Kind.choices, widget=forms.RadioSelect)
    reason = forms.CharField(label=_("How it came to it"), max_length=REASON_MAX, widget=forms.Textarea(attrs={"rows": 2}))


class UnblindForm(ConfirmIdentityForm):
    """Why the arm must be known now."""

    category = forms.ChoiceField(label=_("Why"), choices=Unblinding.Category.choices, widget=forms.RadioSelect)
    reason = forms.CharField(label=_("Reason"), max_length=REASON_MAX, widget=forms.Textarea(attrs={"rows": 2}))
    field_order = ["category", "reason", "password", "otp"]


class ConsentVersionForm(PlainForm):
    """A version of a site's consent form."""

    site = forms.ModelChoiceField(label=_("Site"), queryset=Site.objects.none(), empty_label=None)
    label = forms.CharField(label=_("Version"), max_length=40, help_text=_("As it stands on the form, such as 2.1."))
    language = forms.ChoiceField(label=_("Language"), choices=ConsentVersion.Language.choices)
    approved_on = day_field(_("Approved on"))
    valid_from = day_field(_("In force from"))
    again = forms.BooleanField(label=_("Who signed an earlier version signs again"), required=False)

    def __init__(self, *args, sites, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = sites


class ScoreForm(PlainForm):
    """The items of the form that an assessor fills; what they mean is read by the write path. ``oids``: in order."""

    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    reason = forms.CharField(
        label=_("Why it is changed"),
        max_length=REASON_MAX,
        required=False,
        help_text=_("Needed once the score was saved."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args, protocol: Protocol, form_oid: str, record: FormRecord | None, **kwargs):
        data = record.data if record else {}
        initial: dict[str, Any] = {oid: value for oid, value in data.items() if isinstance(value, str)}
        kwargs["initial"] = initial | {"revision": record.revision if record else 0}
        super().__init__(*args, **kwargs)
        self.oids: list[str] = []
        for oid, item in protocol.forms[form_oid].items.items():
            if item.compute is None and not item.line and item.definition.type in SCORED:
                self.fields[oid] = self._field(protocol, item.definition)
                self.oids.append(oid)
        if record is None:
            self.fields["reason"].widget = forms.HiddenInput()
        self.order_fields([*self.oids, "reason", "revision"])

    @staticmethod
    def _field(protocol: Protocol, item: ItemDefinition) -> forms.Field:
        more: dict[str, Any] = {
            "label": said(item.label),
            "required": item.required,
            "help_text": said(item.help) if item.help else "",
        }
        if item.type == "date":
            return forms.CharField(max_length=10, widget=DayInput(), **more)
        if item.type == "yesno":
            return forms.ChoiceField(choices=[("Y", _("Yes")), ("N", _("No"))], widget=forms.RadioSelect, **more)
        if item.type == "choice":
            codes = protocol.codelists[item.codelist or ""].items()
            return forms.ChoiceField(choices=[(code, said(text)) for code, text in codes], widget=forms.RadioSelect, **more)
        rows = forms.Textarea(attrs={"rows": 3}) if item.type == "text" else forms.TextInput()
        return forms.CharField(max_length=item.max_length, widget=rows, **more)


class IdentityForm(PlainForm):
    """Who a subject is, for its site alone."""

    name = forms.CharField(label=pgettext_lazy("of a person", "Name"), max_length=200, required=False)
    contact = forms.CharField(label=_("Contact"), max_length=200, required=False)
    hospital_number = forms.CharField(label=_("Hospital number"), max_length=200, required=False)


class DepartForm(PlainForm):
    kind = forms.ChoiceField(label=_("What happened"), widget=forms.RadioSelect)
    on = day_field(_("On"))
    reason = forms.CharField(label=_("Why"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))
    scope = forms.ChoiceField(
        label=_("What the withdrawal covers"),
        required=False,
        choices=[("", _("Not a withdrawal")), *SCOPES.items()],
    )

    def __init__(self, *args, subject, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = departures_of(subject)


class CorrectForm(PlainForm):
    """Which step was wrong, the right day where there is one, and why."""

    what = forms.ChoiceField(label=_("What was wrong"), widget=forms.RadioSelect)
    on = day_field(_("The right day"), required=False, help_text=_("Not needed where a step is taken back."))
    reason = forms.CharField(label=_("Reason"), max_length=REASON_MAX, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args, choices, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["what"].choices = choices


def departures_of(subject: Subject) -> list[tuple[str, str]]:
    """The ways out that the subject's status allows."""
    return [(kind.value, str(kind.label)) for kind in DEPARTURES if may_become(subject.status, DEPARTURES[kind])]


class VisitDateForm(PlainForm):
    on = day_field(_("Date of the visit"), required=False, help_text=_("Empty takes the date back."))
    reason = forms.CharField(
        label=_("Reason"), max_length=500, required=False, help_text=_("Needed when a date is changed.")
    )


class BookForm(PlainForm):
    on = day_field(_("Booked for"), required=False, help_text=_("Empty takes the booking back."))


class CloseVisitForm(PlainForm):
    how = forms.ChoiceField(
        label=_("The visit was"),
        choices=[("missed", _("Missed")), ("skipped", _("Skipped")), ("not_applicable", _("Not applicable"))],
    )
    reason = forms.CharField(label=_("Why"), max_length=500)


class ReopenVisitForm(PlainForm):
    reason = forms.CharField(label=_("Why"), max_length=500)


class UnscheduledForm(PlainForm):
    code = forms.ChoiceField(label=_("Visit"))
    on = day_field(_("Date of the visit"))
    reason = forms.CharField(label=_("Why"), max_length=500)

    def __init__(self, *args, choices, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["code"].choices = choices


class WaiveForm(PlainForm):
    """Which line of the close-out list may stand, and why."""

    line = forms.ChoiceField(label=_("Line"), choices=list(LABELS.items()))
    reason = forms.CharField(label=_("Why it may stand"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))


class PrintForm(PlainForm):
    """What to print, of whom, in which language; a subject goes before a site, neither is the whole study."""

    kind = forms.ChoiceField(label=_("What"), choices=Printout.Kind.choices, widget=forms.RadioSelect)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES, widget=forms.RadioSelect)
    subject = forms.CharField(label=_("Subject number"), max_length=40, required=False)
    site = forms.ModelChoiceField(label=_("Site"), queryset=Site.objects.none(), required=False, empty_label=_("All sites"))

    def __init__(self, *args, sites, actor, study, **kwargs):
        super().__init__(*args, **kwargs)
        self.actor, self.study = actor, study
        self.fields["site"].queryset = Site.objects.filter(pk__in=[site.pk for site in sites])

    def clean_subject(self):
        """The subject, as far as the actor sees it."""
        number = self.cleaned_data["subject"].strip()
        if not number:
            return None
        found = Subject.objects.visible_to(self.actor).filter(study=self.study, number=number).select_related("site").first()
        if found is None:
            raise forms.ValidationError(_("There is no subject of this number at your sites."))
        return found


class MoveForm(PlainForm):
    """Where a record belongs; the visit is asked of forms at visits only."""

    number = forms.CharField(label=_("Subject number"), max_length=40)
    visit = forms.ChoiceField(label=_("Visit"), required=False)
    reason = forms.CharField(label=_("Why"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args, actor, study, visits, **kwargs):
        super().__init__(*args, **kwargs)
        self.actor, self.study = actor, study
        if visits:
            self.fields["visit"].choices = visits
        else:
            del self.fields["visit"]

    def clean(self):
        """The subject as far as the actor sees it, and its visit of that code; a later course or another visit of a kind
        is named by its number too (``C1 2``)."""
        data = super().clean()
        number = (data.get("number") or "").strip()
        subject = Subject.objects.visible_to(self.actor).filter(study=self.study, number=number).first()
        if subject is None:
            self.add_error("number", _("There is no subject of this number at your sites."))
            return data
        data["subject"], data["at"] = subject, None
        if "visit" in self.fields and data.get("visit"):
            code, cycle, occurrence = data["visit"].split(":")
            visits = visits_of(self.actor, subject)
            data["at"] = visits.filter(code=code, cycle=int(cycle), occurrence=int(occurrence)).first()
            if data["at"] is None:
                self.add_error("visit", _("This subject has no such visit."))
        return data


class TransferForm(PlainForm):
    """Where a subject goes on, from when, and why."""

    site = forms.ModelChoiceField(label=_("New site"), queryset=Site.objects.none(), empty_label=None)
    on = day_field(_("From"))
    reason = forms.CharField(label=_("Why"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args, subject, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = Site.objects.filter(study_id=subject.study_id).exclude(pk=subject.site_id)
