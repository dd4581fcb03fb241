"""Fields that many forms share."""

from typing import Any

from django import forms


class DayInput(forms.DateInput):
    """A day typed as 2024-05-17: the browser's own date field would show it in an order of its own."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(
            {"placeholder": "YYYY-MM-DD", "inputmode": "numeric", "autocomplete": "off"} | (attrs or {}), "%Y-%m-%d"
        )


def day_field(label: Any, **more: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=DayInput(), input_formats=["%Y-%m-%d"], **more)
