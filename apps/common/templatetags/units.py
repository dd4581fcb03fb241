from django import template

from apps.common import units

register = template.Library()


@register.filter
def unit_words(unit: str) -> str:
    """The unit as it is written."""
    return units.unit_words(unit)
