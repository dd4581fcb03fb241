from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.forms import PlainForm
from apps.accounts.models import User
from apps.common.fields import day_field
from apps.common.permissions import Role
from apps.studies.models import Site, StudyVersion


class GrantForm(PlainForm):
    """A role for a person, who is named and not chosen: an administrator does not see the accounts of other studies."""

    person = forms.CharField(label=_("User name or e-mail"), max_length=254)
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)
    site = forms.ModelChoiceField(
        label=_("Site"), queryset=Site.objects.none(), required=False, empty_label=_("All sites of the study")
    )
    reason = forms.CharField(label=_("Reason"), max_length=500, required=False)

    def __init__(self, *args, sites, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = sites

    def clean_person(self):
        name = self.cleaned_data["person"].strip()
        user = User.objects.filter(Q(username=name) | Q(email__iexact=name)).first()
        if user is None:
            raise forms.ValidationError(_("There is no such account. The operator of the server makes accounts."))
        return user


class EndForm(PlainForm):
    reason = forms.CharField(label=_("Reason"), max_length=500, required=False)


class DecideForm(PlainForm):
    """The sponsor's answer, and the rules that follow from it, each as it stands now until it is changed."""

    answer_en = forms.CharField(label=_("Answer, in English"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))
    answer_zh = forms.CharField(
        label=_("Answer, in Chinese"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    document = forms.CharField(
        label=_("Document of the sponsor"), max_length=200, help_text=_("Such as the letter's or the amendment's number.")
    )
    decided_on = day_field(_("Decided on"))
    amends = forms.BooleanField(label=_("It amends the protocol"), required=False)
    ethics_document = forms.CharField(label=_("Approval of the ethics committee"), max_length=200, required=False)
    ethics_on = day_field(_("Approved on"), required=False)

    def __init__(self, *args, criteria, **kwargs):
        super().__init__(*args, **kwargs)
        self.criteria = criteria
        for criterion in criteria:
            self.fields[f"rule_{criterion.code}"] = forms.CharField(
                label=_("Rule of %(code)s") % {"code": criterion.code},
                max_length=2000,
                initial=criterion.rule,
                widget=forms.Textarea(attrs={"rows": 2, "class": "font-monospace"}),
            )

    def values(self):
        """As the service takes them."""
        typed = self.cleaned_data
        return {
            "answer": {"en": typed["answer_en"], "zh": typed["answer_zh"]},
            "rules": {criterion.code: typed[f"rule_{criterion.code}"] for criterion in self.criteria},
        } | {name: typed[name] for name in ("document", "decided_on", "amends", "ethics_document", "ethics_on")}


class ActivateForm(PlainForm):
    """From which day a site works by a version."""

    site = forms.ModelChoiceField(label=_("Site"), queryset=Site.objects.none(), empty_label=None)
    version = forms.ModelChoiceField(label=_("Version"), queryset=StudyVersion.objects.none(), empty_label=None)
    approved_on = day_field(_("Approved on"), required=False, help_text=_("By the site's ethics committee."))
    active_from = day_field(_("In force from"))
    reason = forms.CharField(label=_("Reason"), max_length=500, required=False)

    def __init__(self, *args, sites, versions, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = sites
        self.fields["version"].queryset = versions
