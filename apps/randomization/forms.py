"""The shape of what is typed on the pages of the lists. Whether it is allowed is decided by the services."""

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.forms import PlainForm
from apps.common.reasons import REASON_MAX
from apps.randomization.list_files import BYTES_MAX
from apps.randomization.sealing import BrokenSeal, open_text, seal_text
from apps.studies.definition import LIST_LENGTH_MAX


class WhyForm(PlainForm):
    reason = forms.CharField(label=_("Reason"), max_length=REASON_MAX, widget=forms.Textarea(attrs={"rows": 2}))


class ExtendForm(WhyForm):
    length = forms.IntegerField(
        label=_("Places in each list"),
        min_value=1,
        max_value=LIST_LENGTH_MAX,
        help_text=_("In all, those that are there included."),
    )
    field_order = ["length", "reason"]


class ImportForm(PlainForm):
    """First a file, which is only checked; then what was checked comes back, sealed, and is taken."""

    file = forms.FileField(label=_("CSV file"), required=False)
    checked = forms.CharField(required=False, widget=forms.HiddenInput)
    reason = forms.CharField(label=_("Reason"), max_length=REASON_MAX, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args, with_reason: bool, **kwargs):
        super().__init__(*args, **kwargs)
        if not with_reason:
            del self.fields["reason"]

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file is not None and file.size > BYTES_MAX:
            limit = {"limit": BYTES_MAX // 1000}
            raise forms.ValidationError(_("The file has more than %(limit)s kB.") % limit)
        return file

    def clean(self):
        """``content``: bytes of the file; ``is_checked``: they come from the earlier step."""
        data = super().clean()
        if data.get("file"):
            data["content"], data["is_checked"] = data["file"].read(), False
        elif data.get("checked"):
            try:
                data["content"], data["is_checked"] = open_text(data["checked"]).encode(), True
            except BrokenSeal:
                self.add_error("file", _("What was checked did not come back as it was. Choose the file again."))
        elif "file" not in self.errors:
            self.add_error("file", _("Choose the file."))
        return data


def sealed(content: bytes) -> str:
    """A checked file as the page carries it to the second step."""
    return seal_text(content.decode("utf-8-sig"))
