from crispy_forms.helper import FormHelper
from crispy_forms.layout import Submit
from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.forms import PlainForm
from apps.capture.permissions import ANSWER_QUERY
from apps.common.fields import day_field
from apps.common.permissions import Role
from apps.review.models import Deviation, MonitoringVisit
from apps.studies.models import Site
from apps.subjects.models import Subject

STEPS = [
    ("freeze", _("Freeze: no edits, queries go on")),
    ("lock", _("Lock: no edits, no queries")),
    ("release", _("Release")),
]


class HoldForm(forms.Form):
    """What is held: the study when neither site nor subject is named, a subject before its site."""

    step = forms.ChoiceField(label=_("What to do"), choices=STEPS, widget=forms.RadioSelect)
    site = forms.ChoiceField(label=_("Site"), required=False)
    subject = forms.CharField(label=_("Subject number"), max_length=40, required=False)
    reason = forms.CharField(label=_("Reason"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args, sites, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["site"].choices = [("", _("All sites")), *((site.code, str(site)) for site in sites)]
        self.helper = FormHelper()
        self.helper.add_input(Submit("submit", _("Carry out")))


def text_field(label, **more):
    return forms.CharField(label=label, max_length=4000, widget=forms.Textarea(attrs={"rows": 3}), **more)


class SiteForm(PlainForm):
    """What concerns a site, and mostly a subject of it: the number is looked up as far as the actor sees it."""

    def __init__(self, *args, sites, actor, study, **kwargs):
        super().__init__(*args, **kwargs)
        self.actor, self.study = actor, study
        if "site" in self.fields:
            self.fields["site"].queryset = sites

    def clean_subject(self):
        return self.found(self.cleaned_data["subject"].strip()) if self.cleaned_data["subject"].strip() else None

    def found(self, number: str) -> Subject:
        subject = Subject.objects.visible_to(self.actor).filter(study=self.study, number=number).first()
        if subject is None:
            raise forms.ValidationError(_("There is no subject “%(number)s” at your sites.") % {"number": number[:40]})
        return subject


class DeviationForm(SiteForm):
    site = forms.ModelChoiceField(label=_("Site"), queryset=Site.objects.none(), empty_label=None)
    subject = forms.CharField(label=_("Subject number"), max_length=40, required=False)
    kind = forms.ChoiceField(label=_("Kind"), choices=Deviation.Kind.choices)
    severity = forms.ChoiceField(label=_("Severity"), choices=Deviation.Severity.choices)
    happened_on = day_field(_("Happened on"), required=False)
    text = text_field(_("What happened"))


class JudgeForm(PlainForm):
    severity = forms.ChoiceField(label=_("Severity"), choices=Deviation.Severity.choices)


class DescribeForm(PlainForm):
    severity = forms.ChoiceField(label=_("Severity"), choices=Deviation.Severity.choices)
    cause = text_field(_("Cause"), required=False)
    corrective_action = text_field(_("Corrective action"), required=False)
    preventive_action = text_field(_("Preventive action"), required=False)
    ethics_reported_on = day_field(_("Ethics committee told on"), required=False)


class ReasonForm(PlainForm):
    reason = forms.CharField(label=_("Why"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))


class MonitoringForm(PlainForm):
    site = forms.ModelChoiceField(label=_("Site"), queryset=Site.objects.none(), empty_label=None)
    kind = forms.ChoiceField(label=_("Kind"), choices=MonitoringVisit.Kind.choices)
    on = day_field(_("First day"))
    monitors = forms.CharField(label=_("Monitors"), max_length=400)

    def __init__(self, *args, sites, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = sites


class FinishForm(SiteForm):
    until = day_field(_("Last day"))
    subjects = forms.CharField(
        label=_("Subjects looked at"),
        max_length=4000,
        required=False,
        help_text=_("Numbers with commas between."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    summary = text_field(_("Summary"))

    def clean_subjects(self):
        numbers = dict.fromkeys(part.strip() for part in self.cleaned_data["subjects"].replace("，", ",").split(","))
        return [self.found(number) for number in numbers if number]


class ActionForm(SiteForm):
    text = text_field(_("What is to be done"))
    assigned_role = forms.ChoiceField(label=_("Waits for"))
    due_on = day_field(_("Due on"))
    subject = forms.CharField(label=_("Subject number"), max_length=40, required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        roles = [(role.value, role.label) for role in Role if role in ANSWER_QUERY.roles]
        self.fields["assigned_role"].choices = roles


class DoneForm(PlainForm):
    how = forms.CharField(label=_("How it was settled"), max_length=2000)
