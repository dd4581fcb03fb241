"""Sign-in (allauth's pages), one's own account, the operator's pages, and the two health checks."""

from tests.permissions.rows import OPERATOR, PUBLIC, SIGNED_IN, Row, post

# allauth answers some of its pages with 400, 403, 404 or 405 when the step before is missing
STEP = frozenset({200, 302, 404, 405})
KEY = {"uidb36": "1", "key": "x-y"}

ROWS = {
    "healthz": Row(PUBLIC),
    "readyz": Row(PUBLIC, ok=frozenset({200, 503})),
    "accounts:language": post(PUBLIC),
    "accounts:session": Row(PUBLIC),
    "accounts:extend": post(PUBLIC),
    "accounts:signed_in": Row(SIGNED_IN),
    "accounts:second_factor": Row(SIGNED_IN),
    "accounts:profile": Row(SIGNED_IN),
    "accounts:operator": Row(OPERATOR),
    "accounts:create_account": Row(OPERATOR),
    "accounts:account": Row(OPERATOR, kwargs=lambda world: {"username": world.people["nobody"].user.username}),
    "account_email": Row(SIGNED_IN),
    "account_login": Row(PUBLIC),
    "account_logout": Row(PUBLIC),
    "account_inactive": Row(PUBLIC),
    "account_signup": Row(PUBLIC),
    "account_reauthenticate": Row(SIGNED_IN),
    "account_email_verification_sent": Row(PUBLIC),
    "account_change_password": Row(SIGNED_IN),
    "account_set_password": Row(SIGNED_IN),
    "account_reset_password": Row(PUBLIC),
    "account_confirm_login_code": Row(PUBLIC, ok=STEP),
    "account_confirm_email": Row(PUBLIC, kwargs=lambda world: {"key": "x"}, ok=STEP),
    "account_reset_password_from_key_done": Row(PUBLIC),
    "account_reset_password_from_key": Row(PUBLIC, kwargs=lambda world: KEY),
    "account_reset_password_done": Row(PUBLIC),
    "mfa_index": Row(SIGNED_IN),
    "mfa_authenticate": Row(PUBLIC, ok=STEP),
    "mfa_reauthenticate": Row(SIGNED_IN),
    "mfa_activate_totp": Row(SIGNED_IN),
    "mfa_deactivate_totp": Row(SIGNED_IN, ok=STEP),
    "mfa_view_recovery_codes": Row(SIGNED_IN, ok=STEP),
    "mfa_generate_recovery_codes": Row(SIGNED_IN, ok=STEP),
    "mfa_download_recovery_codes": Row(SIGNED_IN, ok=STEP),
    "mfa_list_webauthn": Row(SIGNED_IN),
    "mfa_add_webauthn": Row(SIGNED_IN),
    "mfa_reauthenticate_webauthn": Row(SIGNED_IN, ok=STEP),
    "mfa_remove_webauthn": Row(SIGNED_IN, kwargs=lambda world: {"pk": 1}, ok=STEP),
    "mfa_edit_webauthn": Row(SIGNED_IN, kwargs=lambda world: {"pk": 1}, ok=STEP),
    "usersessions_list": Row(SIGNED_IN),
}
