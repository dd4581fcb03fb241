"""What goes wrong and what is taken against it: the adverse event log and the concomitant medication."""

import datetime as dt

from apps.common.permissions import Role
from trialcapture.simulation.chart import Values
from trialcapture.simulation.patient import Episode
from trialcapture.simulation.phrases import AE_WORDS, said
from trialcapture.simulation.playing.stage import Stage

MEDICINE_PART = 0.12
RECOVERED, LASTS = "RECOVERED/RESOLVED", "NOT_RECOVERED/NOT_RESOLVED"


def report(stage: Stage, on: dt.date) -> None:
    """Enter what began since the last visit, and the end of what ended."""
    if "AE" not in stage.protocol.log_forms:
        return
    for episode in stage.patient.episodes:
        if episode.begins > on:
            continue
        if episode not in stage.facts["reported"]:
            spot = stage.log_spot("AE")
            stage.enter(spot, on, _values(stage, episode, on), actor=stage.actor(Role.INVESTIGATOR))
            stage.facts["reported"][episode] = (spot, episode.ends <= on)
        elif episode.ends <= on and not stage.facts["reported"][episode][1]:
            spot, _ended = stage.facts["reported"][episode]
            values = {"AEENDAT": episode.ends.isoformat(), "AEOUT": RECOVERED}
            stage.change(spot, values, said(("Ended since the last visit", "自上次访视后已结束"), stage.language))
            stage.facts["reported"][episode] = (spot, True)


def _values(stage: Stage, episode: Episode, on: dt.date) -> Values:
    words = AE_WORDS.get(episode.term, (episode.term.replace("_", " ").capitalize(), episode.term.replace("_", " ")))
    ended = episode.ends <= on
    values: Values = {
        "AETERM": said(words, stage.language),
        "AECTC": episode.term,
        "AETOXGR": str(episode.grade),
        "AESTDAT": episode.begins.isoformat(),
        "AEENDAT": episode.ends.isoformat() if ended else None,
        "AEOUT": RECOVERED if ended else LASTS,
        "AEREL": stage.rng.choice(("POSSIBLE", "PROBABLE", "UNLIKELY", "RELATED" if episode.analyte else "POSSIBLE")),
        "AEACN": stage.rng.choice(
            ("DOSE_NOT_CHANGED", "DOSE_NOT_CHANGED", "DRUG_INTERRUPTED" if episode.grade > 2 else "DOSE_NOT_CHANGED")
        ),
        "AESER": "Y" if episode.serious else "N",
        "AECONTRT": "Y" if episode.grade > 1 else "N",
    }
    if episode.serious:
        values |= {"AESDTH": "N", "AESDISAB": "N", "AESCONG": "N", "AESHOSP": "Y", "AESMIE": "N"}
        values |= {"AESLIFE": "Y" if episode.grade >= 4 else "N", "AEAWDAT": episode.begins.isoformat(), "AEAWTIM": "16:20"}
    return values


def medicate(stage: Stage, on: dt.date) -> None:
    if "CM" in stage.protocol.log_forms and stage.chance(MEDICINE_PART):
        stage.enter(stage.log_spot("CM"), on)
