"""Subject numbers with a check character."""

from string import ascii_uppercase, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.common.actors import SYSTEM
from apps.common.numbering import check_character, number_of
from apps.subjects.selectors import today_at
from apps.subjects.services import screen_subject
from tests import small

ALPHABET = digits + ascii_uppercase


def test_it_works():
    assert number_of("{site}-{seq:03d}", "01", 7) == "01-007"
    assert number_of("{site}-{seq:03d}-{check}", "01", 7) == f"01-007-{check_character('01007')}"
    # the standard's own example: ISO/IEC 7064, MOD 37,36
    assert check_character("A12425GABC1234002") == "M"


@given(st.text(ALPHABET, min_size=3, max_size=12), st.data())
def test_a_single_wrong_character_is_found(text, data):
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from([c for c in ALPHABET if c != text[place]]))
    assert check_character(text[:place] + other + text[place + 1 :]) != check_character(text)


def test_case_and_signs_do_not_count():
    assert check_character("ab-12") == check_character("AB12")


@pytest.mark.django_db
def test_a_site_gives_numbers_with_it():
    definition = small.small_definition()
    definition["sites"][0]["subject_pattern"] = "{site}-{seq:03d}-{check}"
    site = small.site_of(small.publish_small(definition))
    numbers = [screen_subject(SYSTEM, site, today_at(site)).number for _ in range(3)]
    assert numbers == [f"01-00{n}-{check_character(f'0100{n}')}" for n in (1, 2, 3)]
