"""The shape of a study definition file: what a protocol may say. Published also as JSON Schema."""

from apps.studies.definition.forms import Check, CodeList, FormDefinition, Group, ItemDefinition, Rangespec
from apps.studies.definition.study import (
    ArmDefinition,
    Blinding,
    Criterion,
    Cycle,
    DosingPlan,
    Outcome,
    Question,
    RandomizationPlan,
    ReminderRule,
    StudyDefinition,
    TargetRange,
    VisitDefinition,
)

__all__ = [
    "ArmDefinition",
    "Blinding",
    "Check",
    "CodeList",
    "Criterion",
    "Cycle",
    "DosingPlan",
    "FormDefinition",
    "Group",
    "ItemDefinition",
    "Outcome",
    "Question",
    "RandomizationPlan",
    "Rangespec",
    "ReminderRule",
    "StudyDefinition",
    "TargetRange",
    "VisitDefinition",
]
