"""What every page keeps: links lead somewhere, named files and commands exist, nothing foreign is named."""

import re

import pytest

from tests.docs.docs_read import PAGES, ROOT, name_of, prose_of

LINK = re.compile(r"\]\(([^)\s]+)\)")
PATH = re.compile(r"`((?:apps|trialcapture|fixtures|templates|static|tests|docs|bench)/[\w./-]+)`")
MAKE = re.compile(r"\bmake ([a-z]+)\b")
FENCE = re.compile(r"```.*?```", re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
# absolute paths that every installation has; any other is some machine's own
EVERYWHERE = (
    "/var/lib/trialcapture",
    "/root",
    "/run/secrets",
    "/media/seals",
    "/dev/urandom",
    "/healthz",
    "/readyz",
    "/account/",
)
ABSOLUTE = re.compile(r"(?<![\w.:/<)~}-])/[a-z][\w-]*(?:/[\w.-]*)*")
FOREIGN = re.compile(
    r"pypi\.|npmjs|pythonhosted|registry\.|docker\.io|ghcr\.|\b(?:AI|LLM|language model|chatbot)\b", re.IGNORECASE
)
PROMISES = re.compile(
    r"\b(?:TODO|FIXME|coming soon|will be added|planned for a later|roadmap|placeholder|lorem)\b", re.IGNORECASE
)


def anchors(page) -> set[str]:
    """Headings as addresses: small letters, hyphens for blanks, no other signs."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(text)}


def targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_it_works():
    assert len(PAGES) > 20
    assert "the-first-accounts" in anchors(ROOT / "docs" / "operations.md")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page):
    for link in LINK.findall(prose_of(page)):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_named_files_exist(page):
    missing = [path for path in PATH.findall(page.read_text(encoding="utf-8")) if not (ROOT / path).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_make_targets_exist(page):
    code = " ".join(re.findall(r"`[^`]+`|```.*?```", page.read_text(encoding="utf-8"), re.DOTALL))
    assert set(MAKE.findall(code)) <= targets()


def test_the_readme_names_how_to_run_and_to_test():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make demo" in text
    assert "make test" in text


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_nothing_foreign_is_named(page):
    text = page.read_text(encoding="utf-8")
    assert not FOREIGN.findall(text)
    assert not [path for path in ABSOLUTE.findall(text) if not path.startswith(EVERYWHERE)]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_nothing_is_promised(page):
    assert not PROMISES.findall(page.read_text(encoding="utf-8"))


def test_every_page_is_reached_from_the_readme():
    seen, todo = set(), [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        links = (link.partition("#")[0] for link in LINK.findall(prose_of(page)) if "://" not in link)
        found = [(page.parent / link).resolve() for link in links if link]
        todo += [one for path in found for one in (path.glob("*.md") if path.is_dir() else [path])]
    assert set(PAGES) <= seen


@pytest.mark.parametrize("page", [p for p in PAGES if p.parent.name == "decisions"], ids=name_of)
def test_a_decision_is_short_and_numbered(page):
    assert re.match(r"\d{4}-[a-z0-9-]+$", page.stem)
    assert len(page.read_text(encoding="utf-8").splitlines()) <= 32


def test_decisions_are_numbered_without_gap():
    numbers = sorted(int(page.stem[:4]) for page in PAGES if page.parent.name == "decisions")
    assert numbers == list(range(1, len(numbers) + 1))
