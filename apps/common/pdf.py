"""What is printed: one look for casebooks, CRFs, worksheets and letters, in English or Chinese, written page by page.

A story (paragraphs, tables) is drawn as it comes, so memory does not grow with what was printed before. "Page n of m"
is one small form in the file that every page shows and that is filled at the end.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Frame, Paragraph, Spacer, Table, TableStyle

FONTS = Path(settings.BASE_DIR) / "static" / "vendor" / "fonts"
REGULAR, BOLD = "Noto", "NotoBold"
MARGIN, FOOT = 16 * mm, 12 * mm
WIDTH = A4[0] - 2 * MARGIN
INK, QUIET, LINE, SOFT, ACCENT = (HexColor(c) for c in ("#1b2229", "#5b6670", "#c6ccd2", "#f1f3f5", "#1f5f8b"))
# small figures above the line that the font does not have
RAISED = {ord(sign): str(number) for number, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}


@lru_cache(maxsize=1)
def register_fonts() -> frozenset[int]:
    """Both cuts of the font, once a process; gives the characters that it has."""
    for name, file in ((REGULAR, "NotoSansSC-Regular.ttf"), (BOLD, "NotoSansSC-Bold.ttf")):
        pdfmetrics.registerFont(TTFont(name, str(FONTS / file)))
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR, boldItalic=BOLD)
    return frozenset(pdfmetrics.getFont(REGULAR).face.charToGlyph)


def _style(name: str, size: float, **more: Any) -> ParagraphStyle:
    look = {"fontName": REGULAR, "fontSize": size, "leading": size * 1.35, "textColor": INK, "wordWrap": "CJK"}
    return ParagraphStyle(name, **(look | more))


TITLE = _style("title", 16, fontName=BOLD, spaceAfter=4 * mm)
HEADING = _style("heading", 12, fontName=BOLD, spaceBefore=4 * mm, spaceAfter=2 * mm, textColor=ACCENT)
SUBHEADING = _style("subheading", 9.5, fontName=BOLD, spaceBefore=2 * mm, spaceAfter=1 * mm)
BODY = _style("body", 8.5)
SMALL = _style("small", 7, textColor=QUIET)
STRONG = _style("strong", 8.5, fontName=BOLD)
FADED = _style("faded", 8.5, textColor=QUIET)


def marked_up(text: str) -> str:
    """Any text, safe to stand in a paragraph: what the font does not have is named by its code, never left out."""
    known = register_fonts()
    parts = []
    for sign in text:
        if ord(sign) in known or sign in "\n\t ":
            parts.append(escape(sign, quote=False))
        elif ord(sign) in RAISED:
            parts.append(f"<super>{RAISED[ord(sign)]}</super>")
        else:
            parts.append(f"[U+{ord(sign):04X}]")
    return "".join(parts).replace("\n", "<br/>")


def words(text: Any, style: ParagraphStyle = BODY) -> Paragraph:
    return Paragraph(marked_up(str(text)), style)


class Bookmark(Flowable):
    """An entry of the file's outline at this place; ``level`` 0 is the outermost."""

    def __init__(self, title: str, level: int = 0) -> None:
        super().__init__()
        self.title, self.level = title, level

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        return 0, 0

    def draw(self) -> None:
        key = f"b{id(self)}-{self.canv.getPageNumber()}"
        self.canv.bookmarkPage(key)
        self.canv.addOutlineEntry(self.title, key, level=self.level, closed=self.level > 0)


class PageBreak(Flowable):
    """What follows begins on a new page."""

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        return 0, 0

    def draw(self) -> None:
        """Nothing: the writer turns the page."""


class Box(Flowable):
    """An empty box to tick, or a line to write on."""

    def __init__(self, width: float = 3 * mm, height: float = 3 * mm, *, is_line: bool = False) -> None:
        super().__init__()
        self.width, self.height, self.is_line = width, height, is_line

    def wrap(self, available: float, _height: float) -> tuple[float, float]:
        self.width = min(self.width, available)
        return self.width, self.height

    def draw(self) -> None:
        self.canv.setStrokeColor(QUIET)
        if self.is_line:
            self.canv.line(0, 0, self.width, 0)
        else:
            self.canv.rect(0, 0, self.width, self.height)


def table(
    rows: Sequence[Sequence[Any]], widths: Sequence[float], *, head: bool = False, shaded: Iterable[int] = ()
) -> Table:
    """Rows of paragraphs (or texts); ``widths`` are shares of the page. A row that is longer than a page is split."""
    total = sum(widths)
    cells = [[one if isinstance(one, Flowable | list) else words(one) for one in row] for row in rows]
    made = Table(cells, [WIDTH * share / total for share in widths], repeatRows=int(head), splitInRow=1)
    style = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.25, LINE),
        ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
    ]
    if head:
        style.append(("BACKGROUND", (0, 0), (-1, 0), SOFT))
    style += [("BACKGROUND", (0, row), (-1, row), SOFT) for row in shaded]
    made.setStyle(TableStyle(style))
    return made


def space(millimetres: float = 3) -> Spacer:
    return Spacer(1, millimetres * mm)


@dataclass
class Printout:
    """A file in the making. ``head`` stands on every page: study, subject, what it is; ``by`` who asked for it."""

    target: BinaryIO | str
    title: str
    head: str
    by: str
    pages: int = 0
    _canvas: Canvas = field(init=False)
    _frame: Frame = field(init=False)

    def __post_init__(self) -> None:
        register_fonts()
        self._canvas = Canvas(self.target, pagesize=A4, pageCompression=1)
        self._canvas.setTitle(self.title)
        self._canvas.setAuthor(self.by)
        self._canvas.setCreator("TrialCapture")
        self._printed = _("Printed %(at)s UTC by %(who)s") % {"at": f"{timezone.now():%Y-%m-%d %H:%M}", "who": self.by}
        self._begin()

    def write(self, story: Iterable[Flowable]) -> "Printout":
        """Draw what comes, page after page; then ``close``."""
        for flowable in story:
            if isinstance(flowable, PageBreak):
                if not self._is_fresh():
                    self._turn()
            else:
                self._place(flowable)
        return self

    def close(self) -> int:
        """Finish the file; gives the number of its pages."""
        self._end()
        self._canvas.beginForm("total", 0, 0, 60, 10)
        self._canvas.setFont(REGULAR, 7)
        self._canvas.setFillColor(QUIET)
        self._canvas.drawString(0, 2, str(self.pages))
        self._canvas.endForm()
        self._canvas.save()
        return self.pages

    def _is_fresh(self) -> bool:
        return bool(self._frame._atTop)

    def _place(self, flowable: Flowable) -> None:
        """On this page, split over pages where it must be; what fits on no page alone is drawn on a page of its own."""
        waiting = [flowable]
        while waiting:
            one = waiting.pop(0)
            if self._frame.add(one, self._canvas):
                continue
            parts = self._frame.split(one, self._canvas)
            if len(parts) > 1:
                self._frame.add(parts[0], self._canvas)
                self._turn()
                waiting = [*parts[1:], *waiting]
            elif self._is_fresh():
                raise ValueError(f"{one!r} fits on no page")
            else:
                self._turn()
                waiting.insert(0, one)

    def _begin(self) -> None:
        self.pages += 1
        height = A4[1] - 2 * MARGIN - FOOT
        self._frame = Frame(MARGIN, MARGIN + FOOT, WIDTH, height, 0, 0, 0, 0)

    def _turn(self) -> None:
        self._end()
        self._begin()

    def _end(self) -> None:
        """Head and foot of the page, then the page is done."""
        canvas = self._canvas
        canvas.saveState()
        canvas.setFont(REGULAR, 7)
        canvas.setFillColor(QUIET)
        canvas.drawString(MARGIN, A4[1] - MARGIN + 3 * mm, _shown(self.head))
        canvas.drawRightString(A4[0] - MARGIN, A4[1] - MARGIN + 3 * mm, _shown(self.title))
        canvas.setStrokeColor(LINE)
        canvas.line(MARGIN, A4[1] - MARGIN + 1.5 * mm, A4[0] - MARGIN, A4[1] - MARGIN + 1.5 * mm)
        canvas.drawString(MARGIN, MARGIN, _shown(self._printed))
        number = _("Page %(number)s of ") % {"number": self.pages}
        at = A4[0] - MARGIN - 12 * mm
        canvas.drawRightString(at, MARGIN, number)
        canvas.translate(at, MARGIN - 2)
        canvas.doForm("total")
        canvas.restoreState()
        canvas.showPage()


def _shown(text: str) -> str:
    """For a line that is no paragraph."""
    known = register_fonts()
    return "".join(sign if ord(sign) in known else f"[U+{ord(sign):04X}]" for sign in text)[:110]
