from crispy_forms.helper import FormHelper
from django import forms
from django.utils.translation import gettext_lazy as _


class FlagNoteForm(forms.Form):
    """What was done about a flag."""

    step = forms.ChoiceField(
        choices=[("acknowledge", _("Acknowledge")), ("resolve", _("Resolve"))], widget=forms.HiddenInput
    )
    note = forms.CharField(label=_("Note"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
