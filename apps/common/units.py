"""Units as people write them. What is stored, compared and exported keeps the protocol's code (UCUM)."""

from django.utils.translation import gettext as _

SIGNS = {
    "10^9/L": "×10⁹/L",
    "Cel": "°C",
    "m2": "m²",
    "cm3": "cm³",
    "umol/L": "µmol/L",
    "ug/L": "µg/L",
    "mg/m2/dose": "mg/m²/dose",
}


def unit_sign(unit: str) -> str:
    """The same in every language."""
    return SIGNS.get(unit, unit)


def unit_words(unit: str) -> str:
    """In the reader's language, where the unit is a word; "1" counts and has no sign."""
    words = {"years": _("years"), "months": _("months"), "days": _("days"), "1": ""}
    return words.get(unit, unit_sign(unit))
