from allauth.account.forms import LoginForm
from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from crispy_forms.helper import FormHelper
from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from apps.accounts.identity import confirm_identity, is_locked, wants_code
from apps.accounts.models import LANGUAGES
from apps.common.errors import DomainError


class SignInForm(LoginForm):
    """Name or address, and password; labels say what is wanted, nothing is repeated inside the boxes."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("User name or e-mail")
        self.fields["password"].help_text = ""
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class PlainForm(forms.Form):
    """Crispy draws the fields; the page draws the form around them."""

    @property
    def helper(self):
        helper = FormHelper(self)
        helper.form_tag = False
        helper.disable_csrf = True
        helper.form_show_errors = True
        return helper


class ConfirmIdentityForm(PlainForm):
    """Password, and the code where the person has an authenticator app; valid means that it was right.

    Use it as it is, or inherit from it to add what is being signed.
    """

    password = forms.CharField(
        label=_("Your password"), widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )
    otp = forms.CharField(
        label=_("Code of your authenticator app"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )

    def __init__(self, request, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.request = request
        if not wants_code(request.user):
            del self.fields["otp"]

    def clean(self):
        data = super().clean()
        if not self.errors:  # a signature is tried only when all else is right, so that no attempt is spent in vain
            try:
                confirm_identity(self.request, data["password"], data.get("otp", ""))
            except DomainError as error:
                self.add_error(error.item, error.message)
        return data


class LanguageForm(forms.Form):
    language = forms.ChoiceField(choices=settings.LANGUAGES)


class AccountForm(PlainForm):
    full_name = forms.CharField(label=_("Full name"), max_length=150)
    username = forms.RegexField(
        r"^[A-Za-z0-9._-]{3,40}$",
        label=_("User name"),
        help_text=_("3 to 40 letters, digits, dots, dashes. A user name is never given twice."),
    )
    email = forms.EmailField(label=_("E-mail"), help_text=_("A link to set the password is sent there."))
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES)
    is_operator = forms.BooleanField(label=_("Operator: runs the server, sees no clinical data"), required=False)


class ReasonForm(PlainForm):
    reason = forms.CharField(label=_("Reason"), max_length=500)


def refuse_while_locked(request, user) -> None:
    if is_locked(request, user):
        request.axes_locked_out = True  # axes answers with the page that says so
        raise forms.ValidationError(_("Too many wrong attempts. Wait a quarter of an hour."))


class CodeForm(AuthenticateForm):
    """The code at sign-in. While the account is locked, even the right one is not looked at."""

    def clean_code(self):
        refuse_while_locked(context.request, self.user)
        return super().clean_code()


class CodeAgainForm(ReauthenticateForm):
    def clean_code(self):
        refuse_while_locked(context.request, self.user)
        return super().clean_code()
