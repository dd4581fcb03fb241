from apps.randomization.drawing import Secret
from apps.randomization.methods.base import Config, Lists, Method


class ImportedList(Method):
    """A list that a statistician made elsewhere, sealed here: the secret holds it, nothing is drawn.

    ``config``: arms, strata [label, …], length {stratum: slots of it that are in force}.
    """

    name = "imported"
    reference = "ICH E9 Statistical principles for clinical trials, 2.3.2: a list made and kept by who does not allocate"

    def lists(self, config: Config, secret: Secret) -> Lists:
        given = secret.lists or {}
        return {stratum: given[stratum][:length] for stratum, length in config["length"].items()}
