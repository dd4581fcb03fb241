from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.forms import PlainForm
from apps.accounts.models import User
from apps.common.permissions import Role
from apps.studies.models import Site


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
