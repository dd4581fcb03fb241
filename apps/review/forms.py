from crispy_forms.helper import FormHelper
from crispy_forms.layout import Submit
from django import forms
from django.utils.translation import gettext_lazy as _

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
