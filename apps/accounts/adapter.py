"""How sign-in behaves: nobody signs up by themselves; a required second factor cannot be taken away."""

import base64
import time

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.encoding import force_bytes

from apps.accounts.sessions import SEEN, set_language_cookie


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request) -> bool:
        return False

    def pre_authenticate(self, request, **credentials) -> None:
        """Passwords are counted by axes alone; allauth's own limit counts the codes of the second factor."""

    def post_login(self, request, user, **kwargs):
        """The pages follow the language that is kept with the account; the idle time starts."""
        request.session[SEEN] = int(time.time())
        response = super().post_login(request, user, **kwargs)
        set_language_cookie(response, user.language)
        return response


class SecondFactorAdapter(DefaultMFAAdapter):
    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """A person of whom a second factor is required keeps at least one that can sign in."""
        if not authenticator.user.mfa_required:
            return True
        others = Authenticator.objects.filter(user=authenticator.user).exclude(pk=authenticator.pk)
        return others.exclude(type=Authenticator.Type.RECOVERY_CODES).exists()

    def encrypt(self, text: str) -> str:
        """Secrets of the second factor are not readable in a copy of the database alone."""
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _cipher().decrypt(encrypted_text.encode()).decode()


def _cipher() -> MultiFernet:
    return MultiFernet([_key(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _key(secret: str | bytes) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"trialcapture second factor").derive(force_bytes(secret))
    return Fernet(base64.urlsafe_b64encode(derived))
