"""What happens to each simulated subject, in outline: drawn once, so that even six subjects show every kind of course."""

import datetime as dt
import math
import random
from dataclasses import dataclass

from apps.studies.protocol import Protocol
from trialcapture.simulation.fitting import Goal
from trialcapture.simulation.patient import Episode

# the first subjects of a study in this order, later ones drawn from it
DECK = (
    "usual",
    "screen_failure",
    "serious",
    "withdrawal",
    "usual",
    "usual",
    "undecided",
    "early_stop",
    "usual",
    "relapse",
    "lost",
    "usual",
)
WEIGHTS = {"usual": 10, "screen_failure": 3, "serious": 1.2, "withdrawal": 1, "undecided": 0.4, "early_stop": 0.8}
WEIGHTS |= {"relapse": 1, "lost": 0.5}
# CTCAE slug, analyte that shows it (or none), how often
TROUBLES = (
    ("mucositis_oral", None, 5),
    ("upper_respiratory_infection", None, 5),
    ("fever", None, 3),
    ("diarrhea", None, 2),
    ("rash_acneiform", None, 2),
    ("cough", None, 2),
    ("vomiting", None, 1),
    ("otitis_media", None, 1),
    ("alanine_aminotransferase_increased", "ALT", 2.5),
    ("aspartate_aminotransferase_increased", "AST", 1.5),
    ("hypertriglyceridemia", "TRIG", 3),
    ("cholesterol_high", "CHOL", 1.5),
    ("neutrophil_count_decreased", "ANC", 2),
    ("white_blood_cell_decreased", "WBC", 1),
    ("anemia", "HGB", 1.5),
    ("platelet_count_decreased", "PLT", 0.8),
    ("blood_bilirubin_increased", "BILI", 0.5),
    ("creatinine_increased", "CREAT", 0.4),
)
GRADES = (0.46, 0.32, 0.17, 0.05)
MEAN_TROUBLES, WITHIN = 2.6, 330  # a person, days of treatment


@dataclass(frozen=True)
class Story:
    """``goal``: what screening comes to; ``plot``: one of DECK; ``leaves_after``: the part of the schedule before an end."""

    index: int
    plot: str
    goal: Goal
    leaves_after: float | None = None


def deal(protocol: Protocol, index: int, rng: random.Random) -> Story:
    """The story of the subject with that number in the run."""
    plot = DECK[index] if index < len(DECK) else rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    questions = [q.definition.code for q in protocol.questions if q.rule and q.definition.effect == "not_assessable"]
    if plot == "undecided" and not questions:
        plot = "usual"
    goal = Goal()
    if plot == "screen_failure":
        goal = Goal(broken=rng.choice([one.definition.code for one in protocol.criteria if _can_break(one.definition.rule)]))
    elif plot == "undecided":
        goal = Goal(raised=questions[index % len(questions)])
    early = plot in ("withdrawal", "early_stop", "lost")
    return Story(index, plot, goal, rng.uniform(0.25, 0.65) if early else None)


def _can_break(rule: str) -> bool:
    """Whoever does not consent is not in the casebook."""
    return "RFICDAT)" not in rule or "age" in rule


def troubles(story: Story, rng: random.Random, day_zero: dt.date) -> list[Episode]:
    """What goes wrong on treatment; a serious story has a serious one early."""
    count = min(_poisson(rng, MEAN_TROUBLES), 7)
    found = [_episode(rng, day_zero) for _ in range(count)]
    if story.plot == "serious":
        begins = day_zero + dt.timedelta(days=rng.randint(12, 60))
        term, grade = rng.choice((("lung_infection", 3), ("sepsis", 4), ("pneumonitis", 3)))
        found.append(Episode(term, None, begins, begins + dt.timedelta(days=rng.randint(9, 16)), grade, serious=True))
    return sorted(found, key=lambda one: one.begins)


def _episode(rng: random.Random, day_zero: dt.date) -> Episode:
    term, analyte, _often = rng.choices(TROUBLES, [one[2] for one in TROUBLES])[0]
    grade = rng.choices((1, 2, 3, 4), GRADES)[0]
    if analyte is None:
        grade = min(grade, 3)
    if analyte == "HGB":
        grade = min(grade, 3)
    begins = day_zero + dt.timedelta(days=rng.randint(5, WITHIN))
    length = rng.randint(24, 45) if analyte else rng.randint(3, 16)
    return Episode(term, analyte, begins, begins + dt.timedelta(days=length), grade, serious=grade == 4)


def _poisson(rng: random.Random, mean: float) -> int:
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count
