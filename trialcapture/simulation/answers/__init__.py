"""What the person's own truth answers to the items of the shared forms; every other item is filled by its definition.

An answer takes (visitor, item, the values of the form so far) and gives what is typed, or None for nothing.
"""

from trialcapture.simulation.answers import disease, laboratory, person, treatment
from trialcapture.simulation.filling import Answer

ANSWERS: dict[str, Answer] = {**person.ANSWERS, **disease.ANSWERS, **laboratory.ANSWERS, **treatment.ANSWERS}

__all__ = ["ANSWERS"]
