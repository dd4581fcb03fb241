"""How arms are drawn: each method behind one interface, pure, with the literature that it follows.

A method either makes the lists of all strata ahead (``lists``), from which subjects take the next slot, or has none and
gives the arm at the moment of allocation (``draw``) from what was allocated before. Both follow from the configuration
and the sealed secret alone, so that everything can be derived again. ``METHODS`` names those that a study may ask for.
"""

from apps.randomization.methods.base import Lists, Method, Tally
from apps.randomization.methods.blocks import PermutedBlocks
from apps.randomization.methods.imported import ImportedList
from apps.randomization.methods.minimization import Minimization
from apps.randomization.methods.simple import Simple
from apps.randomization.methods.single_arm import SingleArm

METHODS: dict[str, Method] = {
    method.name: method for method in (PermutedBlocks(), Simple(), Minimization(), ImportedList(), SingleArm())
}

__all__ = ["METHODS", "Lists", "Method", "Tally"]
