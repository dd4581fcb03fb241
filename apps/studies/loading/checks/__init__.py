"""What a definition of the right shape may still have wrong; every check sees the whole study and reports all it finds."""

from apps.studies.loading.checks.findings import Findings
from apps.studies.loading.checks.history import check_history
from apps.studies.loading.checks.names import check_names
from apps.studies.loading.checks.numbers import check_numbers
from apps.studies.loading.checks.references import check_references
from apps.studies.loading.checks.rules import check_rules
from apps.studies.loading.checks.texts import check_texts
from apps.studies.loading.checks.visits import check_visits

CHECKS = (check_names, check_references, check_numbers, check_visits, check_rules, check_history, check_texts)

__all__ = ["CHECKS", "Findings", "check_texts"]
