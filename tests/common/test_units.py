import pytest
from django.utils import translation

from apps.common.units import unit_sign, unit_words


def test_it_works():
    assert unit_words("10^9/L") == "×10⁹/L"


@pytest.mark.parametrize(("code", "written"), [("Cel", "°C"), ("m2", "m²"), ("umol/L", "µmol/L"), ("U/L", "U/L"), ("", "")])
def test_a_sign_is_the_same_in_every_language(code, written):
    for language in ("en", "zh-hans"):
        with translation.override(language):
            assert unit_words(code) == unit_sign(code) == written


def test_a_count_has_no_unit():
    assert unit_words("1") == ""
