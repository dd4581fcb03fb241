"""A form that meets a service's refusal keeps what was typed."""

from collections.abc import Callable
from typing import Any

from django.db import transaction

from apps.common.errors import DomainError


def carried_out(form, act: Callable[[], Any]) -> bool:
    """Whether the form was valid and the service did it; a refusal stands on the form, at its field if it names one."""
    if not form.is_valid():
        return False
    refused = refusal_of(act)
    if refused is not None:
        form.add_error(refused.item if refused.item in form.fields else None, str(refused))
    return refused is None


def refusal_of(act: Callable[[], Any]) -> DomainError | None:
    """Why the service refused, with nothing changed, so that the page can be shown; None when it did it."""
    try:
        with transaction.atomic():
            act()
    except DomainError as refused:
        return refused
    return None
