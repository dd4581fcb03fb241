"""Subject numbers: a site's pattern of its code, its sequence and, where wanted, a check character. Pure."""

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def number_of(pattern: str, site: str, sequence: int) -> str:
    """``{site}-{seq:03d}`` → ``01-007``; ``{check}`` is the check character of all that stands around it."""
    bare = pattern.format(site=site, seq=sequence, check="")
    return pattern.format(site=site, seq=sequence, check=check_character(bare))


def check_character(text: str) -> str:
    """ISO/IEC 7064, MOD 37,36: finds every single wrong character and nearly every exchange of two neighbours.

    Letters count without case; what is neither letter nor digit does not count.
    """
    total = 36
    for character in text.upper():
        if character in ALPHABET:
            total = (total + ALPHABET.index(character)) % 36 or 36
            total = total * 2 % 37
    return ALPHABET[(37 - total) % 36]
