"""A dry run as drawings: coordinates for SVG, 0 to WIDTH across and 0 to HEIGHT down. The numbers stand beside them."""

from dataclasses import dataclass

from apps.randomization.simulation import STRATA_SHOWN, Tried

WIDTH, HEIGHT = 600, 160
ROW = 26  # height of one bar with its space


@dataclass(frozen=True)
class Piece:
    x: float
    width: float
    arm: str
    count: int
    tone: int  # 1, 2, … in the order of the arms


@dataclass(frozen=True)
class Bar:
    label: str
    y: int
    total: int
    pieces: list[Piece]


@dataclass(frozen=True)
class Curve:
    """``points``: for an SVG polyline; ``most``: the value at the top."""

    points: str
    most: float
    last: int


@dataclass(frozen=True)
class Guess:
    share: float
    width: float
    percent: str


def bars_of(tried: Tried) -> list[Bar]:
    """The arms' shares of each stratum, the first 40."""
    bars = []
    for row, stratum in enumerate(tried.strata[:STRATA_SHOWN]):
        x, pieces = 0.0, []
        for tone, (arm, count) in enumerate(stratum.counts.items(), start=1):
            width = round(WIDTH * count / max(1, stratum.total), 1)
            pieces.append(Piece(round(x, 1), width, arm, count, tone))
            x += width
        bars.append(Bar(stratum.label, row * ROW, stratum.total, pieces))
    return bars


def curve_of(tried: Tried) -> Curve:
    """How far the arms were from their shares as subjects came."""
    most = max(1.0, tried.furthest)
    last = max((number for number, _ in tried.curve), default=1)
    points = [f"{WIDTH * number / last:.1f},{HEIGHT - HEIGHT * apart / most:.1f}" for number, apart in tried.curve]
    return Curve(" ".join(points), most, last)


def guesses_of(tried: Tried) -> dict[str, Guess]:
    """``known`` and ``chance``: how often an arm is foretold with and without knowing those before."""
    return {
        name: Guess(share, round(WIDTH * share, 1), f"{100 * share:.1f} %")
        for name, share in (("known", tried.guessed), ("chance", tried.chance))
    }
