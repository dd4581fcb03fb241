from crispy_forms.helper import FormHelper
from crispy_forms.layout import Submit
from django import forms
from django.utils.translation import gettext_lazy as _


class ExportForm(forms.Form):
    status = forms.ChoiceField(
        label=_("Records"),
        choices=[("all", _("All records")), ("complete", _("Complete records only"))],
        widget=forms.RadioSelect,
        initial="all",
    )
    sites = forms.MultipleChoiceField(
        label=_("Sites"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen means all your sites."),
    )

    def __init__(self, *args, sites, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["sites"].choices = [(site.code, str(site)) for site in sites]
        self.helper = FormHelper()
        self.helper.add_input(Submit("submit", _("Export")))
