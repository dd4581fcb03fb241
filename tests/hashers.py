"""Passwords in tests."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class CheapArgon2(Argon2PasswordHasher):
    """Argon2 in form, and a thousandth of its cost."""

    time_cost, memory_cost, parallelism = 1, 8, 1
