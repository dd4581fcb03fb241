"""The numeric ranges of the terms, transcribed from NCI's v4.03, v5.0 and v6.0 (facts; slugs and notation are ours).

A scale maps a unit to its grades; the thresholds of each unit are NCI's own, never converted from another unit's.
A scale with ``normal`` and ``abnormal`` applies by the baseline's status on its own day: v5.0 "if baseline was
abnormal", v6.0 "if baseline was >ULN". Several bands of one grade are alternatives. ``clinical`` names the grades
that NCI lets a clinical finding decide besides, which a laboratory value cannot.
"""

from dataclasses import dataclass, field

from apps.safety.ctcae.bands import Band

Grades = dict[int, tuple[Band, ...]]


@dataclass(frozen=True)
class Scale:
    """``by_unit``: unit → grades; ``if_abnormal``: the grades where the baseline was abnormal (any unit)."""

    by_unit: dict[str, Grades]
    if_abnormal: Grades | None = None
    clinical: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Term:
    slug: str
    name: dict[str, str]  # version → NCI's name
    direction: str  # "low" or "high"
    scales: dict[str, Scale] = field(default_factory=dict)


def bands(**grades: str) -> Grades:
    """``bands(g1="[75, LLN)", g2=…)``; alternatives are separated by ``|``."""
    return {int(key[1:]): tuple(Band.parse(part.strip()) for part in text.split("|")) for key, text in grades.items()}


def multiples(of: str, first: str, one: str, two: str, three: str) -> Grades:
    """``first`` opens grade 1 (with its bracket); grades 2–4 start above the cut before them."""
    return bands(
        g1=f"{first} {of}, {one} {of}]",
        g2=f"({one} {of}, {two} {of}]",
        g3=f"({two} {of}, {three} {of}]",
        g4=f"({three} {of}, ]",
    )


PLATELETS = {
    "10^9/L": bands(g1="[75, LLN)", g2="[50, 75)", g3="[25, 50)", g4="[, 25)"),
    "/mm3": bands(g1="[75000, LLN)", g2="[50000, 75000)", g3="[25000, 50000)", g4="[, 25000)"),
}
PLATELETS_6 = {
    "10^9/L": bands(g1="[75, LLN)", g2="[50, 75)", g3="[10, 50)", g4="[, 10)"),
    "/mm3": bands(g1="[75000, LLN)", g2="[50000, 75000)", g3="[10000, 50000)", g4="[, 10000)"),
}
HAEMOGLOBIN = {
    "g/L": bands(g1="[100, LLN)", g2="[80, 100)", g3="[, 80)"),
    "g/dL": bands(g1="[10.0, LLN)", g2="[8.0, 10.0)", g3="[, 8.0)"),
    "mmol/L": bands(g1="[6.2, LLN)", g2="[4.9, 6.2)", g3="[, 4.9)"),
}
LEUKOCYTES = {
    "10^9/L": bands(g1="[3.0, LLN)", g2="[2.0, 3.0)", g3="[1.0, 2.0)", g4="[, 1.0)"),
    "/mm3": bands(g1="[3000, LLN)", g2="[2000, 3000)", g3="[1000, 2000)", g4="[, 1000)"),
}
NEUTROPHILS = {
    "10^9/L": bands(g1="[1.5, LLN)", g2="[1.0, 1.5)", g3="[0.5, 1.0)", g4="[, 0.5)"),
    "/mm3": bands(g1="[1500, LLN)", g2="[1000, 1500)", g3="[500, 1000)", g4="[, 500)"),
}
NEUTROPHILS_6 = {
    "10^9/L": bands(g1="[1.0, 1.5)", g2="[0.5, 1.0)", g3="[0.1, 0.5)", g4="[, 0.1)"),
    "/mm3": bands(g1="[1000, 1500)", g2="[500, 1000)", g3="[100, 500)", g4="[, 100)"),
}
CHOLESTEROL = {
    "mmol/L": bands(g1="(ULN, 7.75]", g2="(7.75, 10.34]", g3="(10.34, 12.92]", g4="(12.92, ]"),
    "mg/dL": bands(g1="(ULN, 300]", g2="(300, 400]", g3="(400, 500]", g4="(500, ]"),
}
TRIGLYCERIDES = {
    "mmol/L": bands(g1="[1.71, 3.42]", g2="(3.42, 5.7]", g3="(5.7, 11.4]", g4="(11.4, ]"),
    "mg/dL": bands(g1="[150, 300]", g2="(300, 500]", g3="(500, 1000]", g4="(1000, ]"),
}
ANY = "*"  # multiples of a limit hold in whatever unit the value and the limit share
TRANSAMINASE = {ANY: multiples("ULN", "(1", "3.0", "5.0", "20.0")}
BILIRUBIN = {ANY: multiples("ULN", "(1", "1.5", "3.0", "10.0")}


def _transaminase(slug: str, name: str) -> Term:
    return Term(
        slug,
        dict.fromkeys(("4.03", "5.0", "6.0"), name),
        "high",
        {
            "4.03": Scale(TRANSAMINASE),
            "5.0": Scale(TRANSAMINASE, multiples("BL", "[1.5", "3.0", "5.0", "20.0")),
            "6.0": Scale(TRANSAMINASE, multiples("BL", "[1.0", "1.5", "2.0", "4.0")),
        },
    )


def _same(slug: str, name: str, direction: str, by_unit: dict[str, Grades], clinical: tuple[int, ...] = ()) -> Term:
    scale = Scale(by_unit, clinical=frozenset(clinical))
    versions = ("4.03", "5.0", "6.0")
    return Term(slug, dict.fromkeys(versions, name), direction, dict.fromkeys(versions, scale))


TERMS = {
    term.slug: term
    for term in (
        Term(
            "platelet_count_decreased",
            {"4.03": "Platelet count decreased", "5.0": "Platelet count decreased", "6.0": "Thrombocytopenia"},
            "low",
            {
                "4.03": Scale(PLATELETS),
                "5.0": Scale(PLATELETS),
                "6.0": Scale(PLATELETS_6, clinical=frozenset({3, 4, 5})),
            },
        ),
        _same("anemia", "Anemia", "low", HAEMOGLOBIN, clinical=(3, 4, 5)),
        _same("white_blood_cell_decreased", "White blood cell decreased", "low", LEUKOCYTES),
        Term(
            "neutrophil_count_decreased",
            dict.fromkeys(("4.03", "5.0", "6.0"), "Neutrophil count decreased"),
            "low",
            {"4.03": Scale(NEUTROPHILS), "5.0": Scale(NEUTROPHILS), "6.0": Scale(NEUTROPHILS_6)},
        ),
        _transaminase("alanine_aminotransferase_increased", "Alanine aminotransferase increased"),
        _transaminase("aspartate_aminotransferase_increased", "Aspartate aminotransferase increased"),
        Term(
            "blood_bilirubin_increased",
            dict.fromkeys(("4.03", "5.0", "6.0"), "Blood bilirubin increased"),
            "high",
            {
                "4.03": Scale(BILIRUBIN),
                "5.0": Scale(BILIRUBIN, multiples("BL", "(1.0", "1.5", "3.0", "10.0")),
                "6.0": Scale(BILIRUBIN, multiples("BL", "[1.0", "1.5", "2.5", "10.0")),
            },
        ),
        Term(
            "creatinine_increased",
            dict.fromkeys(("4.03", "5.0", "6.0"), "Creatinine increased"),
            "high",
            {
                "4.03": Scale(
                    {
                        ANY: bands(
                            g1="(1 BL, 1.5 BL] | (ULN, 1.5 ULN]",
                            g2="(1.5 BL, 3.0 BL] | (1.5 ULN, 3.0 ULN]",
                            g3="(3.0 BL, ] | (3.0 ULN, 6.0 ULN]",
                            g4="(6.0 ULN, ]",
                        )
                    }
                ),
                "5.0": Scale(
                    {
                        ANY: bands(
                            g1="(ULN, 1.5 ULN]",
                            g2="(1.5 BL, 3.0 BL] | (1.5 ULN, 3.0 ULN]",
                            g3="(3.0 BL, ] | (3.0 ULN, 6.0 ULN]",
                            g4="(6.0 ULN, ]",
                        )
                    }
                ),
                # v6.0: multiples of the baseline count only "if baseline is below LLN" (see LOWBL in the engine)
                "6.0": Scale(
                    {
                        ANY: bands(
                            g1="(ULN, 1.5 ULN]",
                            g2="(1.5 LOWBL, 3.0 LOWBL] | (1.5 ULN, 3.0 ULN]",
                            g3="(3.0 LOWBL, ] | (3.0 ULN, 6.0 ULN]",
                            g4="(6.0 ULN, ]",
                        )
                    }
                ),
            },
        ),
        _same("cholesterol_high", "Cholesterol high", "high", CHOLESTEROL),
        _same("hypertriglyceridemia", "Hypertriglyceridemia", "high", TRIGLYCERIDES, clinical=(4, 5)),
    )
}
