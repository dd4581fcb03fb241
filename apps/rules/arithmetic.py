"""Decimal arithmetic in one fixed context: 34 digits, half-even between steps, exponents within ±999.

Nothing here is a float. What has no result (division by zero, overflow, the root of a negative number) raises
ArithmeticError inside, which the evaluator turns into unknown.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import Final

from apps.rules.unknown import UNKNOWN, Unknown

# a context of our own: the thread's may be changed by anyone
CONTEXT: Final = Context(
    prec=34,
    rounding=ROUND_HALF_EVEN,
    Emin=-999,
    Emax=999,
    capitals=1,
    clamp=0,
    flags=[],
    traps=[InvalidOperation, DivisionByZero, Overflow],
)
_HALF_UP: Final = Context(
    prec=34, rounding=ROUND_HALF_UP, Emin=-999, Emax=999, capitals=1, clamp=0, flags=[], traps=[InvalidOperation]
)
PI: Final = Decimal("3.141592653589793238462643383279503")
_ZERO, _HUNDRED = Decimal(0), Decimal(100)

add, subtract, multiply, divide, power = (
    CONTEXT.add,
    CONTEXT.subtract,
    CONTEXT.multiply,
    CONTEXT.divide,
    CONTEXT.power,
)


negate = CONTEXT.minus


def round_half_up(number: Decimal, decimals: int = 0) -> Decimal | Unknown:
    """The number with so many decimals, halves away from zero; unknown when it has no room in 34 digits."""
    try:
        return _HALF_UP.quantize(number, Decimal((0, (1,), -decimals)))
    except InvalidOperation:
        return UNKNOWN


def whole_power(number: Decimal, exponent: Decimal) -> Decimal:
    """number ** exponent for a small whole exponent; 0 ** 0 is 1."""
    return power(number, exponent) if exponent else Decimal(1)


def percent_change(new: Decimal, old: Decimal) -> Decimal | Unknown:
    """100 × (new - old) / old, in percent; unknown unless old is above zero."""
    if old <= _ZERO:
        return UNKNOWN
    return multiply(divide(subtract(new, old), old), _HUNDRED)


def ellipsoid(length: Decimal, width: Decimal, height: Decimal) -> Decimal | Unknown:
    """Volume of an ellipsoid from its three diameters, π/6 × l × w × h, in the cube of their unit; none is negative."""
    if length < _ZERO or width < _ZERO or height < _ZERO:
        return UNKNOWN
    return divide(multiply(PI, multiply(length, multiply(width, height))), Decimal(6))


def body_surface(height: Decimal, weight: Decimal, formula: str = "mosteller") -> Decimal | Unknown:
    """Body surface area in m² from the height in cm and the weight in kg; unknown unless both are above zero."""
    if height <= _ZERO or weight <= _ZERO:
        return UNKNOWN
    return BSA_FORMULAS[formula](height, weight)


def _mosteller(height: Decimal, weight: Decimal) -> Decimal:
    """√(h·w/3600). Mosteller, N Engl J Med 1987;317:1098."""
    return CONTEXT.sqrt(divide(multiply(height, weight), Decimal(3600)))


def _haycock(height: Decimal, weight: Decimal) -> Decimal:
    """0.024265·h^0.3964·w^0.5378. Haycock et al., J Pediatr 1978;93:62-66."""
    return _product("0.024265", height, "0.3964", weight, "0.5378")


def _dubois(height: Decimal, weight: Decimal) -> Decimal:
    """0.007184·h^0.725·w^0.425. Du Bois and Du Bois, Arch Intern Med 1916;17:863-871."""
    return _product("0.007184", height, "0.725", weight, "0.425")


def _gehan_george(height: Decimal, weight: Decimal) -> Decimal:
    """0.0235·h^0.42246·w^0.51456. Gehan and George, Cancer Chemother Rep 1970;54:225-235."""
    return _product("0.0235", height, "0.42246", weight, "0.51456")


def _boyd(height: Decimal, weight: Decimal) -> Decimal:
    """0.0003207·h^0.3·g^(0.7285 - 0.0188·log10 g), g the weight in grams. Boyd, Univ. of Minnesota Press 1935."""
    grams = multiply(weight, Decimal(1000))
    exponent = subtract(Decimal("0.7285"), multiply(Decimal("0.0188"), CONTEXT.log10(grams)))
    return multiply(multiply(Decimal("0.0003207"), power(height, Decimal("0.3"))), power(grams, exponent))


def _product(factor: str, height: Decimal, of_height: str, weight: Decimal, of_weight: str) -> Decimal:
    return multiply(
        multiply(Decimal(factor), power(height, Decimal(of_height))),
        power(weight, Decimal(of_weight)),
    )


BSA_FORMULAS: Final = {
    "mosteller": _mosteller,
    "haycock": _haycock,
    "dubois": _dubois,
    "boyd": _boyd,
    "gehan_george": _gehan_george,
}
