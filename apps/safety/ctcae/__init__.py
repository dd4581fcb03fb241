"""Grading of laboratory values by the NCI's CTCAE, each version by its own text."""

from apps.safety.ctcae.engine import Graded, Sample, grade, terms_for

__all__ = ["Graded", "Sample", "grade", "terms_for"]
