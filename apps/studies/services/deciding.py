"""A question for the sponsor is answered: the answer, with its document, makes a new version of the protocol."""

import datetime as dt
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.common.actors import Actor
from apps.common.errors import DomainError
from apps.studies.access import require
from apps.studies.definition import StudyDefinition
from apps.studies.loading import Library, load_study, read_library
from apps.studies.models import Study, StudyVersion
from apps.studies.permissions import PUBLISH_VERSION
from apps.studies.services.publishing import publish

TEXT_MAX = 2000


def decide_question(
    actor: Actor,
    study: Study,
    code: str,
    *,
    answer: Mapping[str, str],
    document: str,
    decided_on: dt.date,
    amends: bool = False,
    ethics_document: str = "",
    ethics_on: dt.date | None = None,
    rules: Mapping[str, str] | None = None,
) -> StudyVersion:
    """Publish what the sponsor decided. ``answer``: {en, zh}; ``rules``: criterion → its rule from now on.

    The criteria that the question held open are decided by their rules again. No site works by the version before
    ``activate_version``; assessments that were made stand as they were. Refused: a question that is not there or is
    decided, no document, a day in the future, an amendment without the ethics committee's approval or a changed rule
    without an amendment, a rule that cannot be read.
    """
    require(actor, PUBLISH_VERSION, study_id=study.pk)
    if study.version is None:
        raise DomainError(_("The study has no published version."), code="no_version")
    whole: dict[str, Any] = StudyDefinition.model_validate(study.version.definition).model_dump(mode="json")
    question = next((one for one in whole["questions"] if one["code"] == code), None)
    if question is None or question["decided"] is not None:
        raise DomainError(_("There is no open question %(code)s.") % {"code": code[:10]}, code="no_question")
    _refuse_incomplete(answer, document, decided_on, amends, ethics_document, ethics_on)
    changed = _changed_rules(whole, question["about"], rules or {})
    if changed and not amends:
        raise DomainError(
            _("A rule that changes amends the protocol: give the ethics committee's approval."), code="amends", item="amends"
        )
    question["decided"] = {
        "text": {language: text.strip() for language, text in answer.items() if text.strip()},
        "document": document.strip(),
        "on": decided_on.isoformat(),
        "amends": amends,
        "ethics_document": ethics_document.strip() if amends else "",
        "ethics_on": ethics_on.isoformat() if amends and ethics_on else None,
    }
    for criterion in whole["eligibility"]:
        criterion["rule"] = changed.get(criterion["code"], criterion["rule"])
    return publish(actor, _checked(whole, study), f"{code}: {document.strip()}"[:200])


def _refuse_incomplete(
    answer: Mapping[str, str], document: str, decided_on: dt.date, amends: bool, ethics: str, ethics_on: dt.date | None
) -> None:
    today = timezone.localdate()
    for name, text in (("answer_en", answer.get("en", "")), ("document", document)):
        if not text.strip() or len(text) > TEXT_MAX or "\0" in text:
            words = _("Say it, in at most %(limit)s characters.") % {"limit": TEXT_MAX}
            raise DomainError(words, code="incomplete", item=name)
    if decided_on > today or (amends and ethics_on is not None and ethics_on > today):
        raise DomainError(_("It cannot have happened in the future."), code="future", item="decided_on")
    if amends and (not ethics.strip() or ethics_on is None):
        raise DomainError(
            _("An amendment needs the ethics committee's approval: its document and its day."),
            code="ethics",
            item="ethics_on",
        )


def _changed_rules(whole: dict[str, Any], about: list[str], rules: Mapping[str, str]) -> dict[str, str]:
    """Only of the criteria that the question is about."""
    held = {criterion["code"]: criterion["rule"] for criterion in whole["eligibility"]}
    if strange := set(rules) - set(about):
        raise DomainError(
            _("The question is not about %(codes)s.") % {"codes": ", ".join(sorted(strange))}, code="other_criterion"
        )
    return {code: rule.strip() for code, rule in rules.items() if rule.strip() != held[code]}


def _checked(whole: dict[str, Any], study: Study) -> StudyDefinition:
    """Through the loader, as any definition: what is wrong with a rule is said in its words."""
    library = Library(analytes=read_library().analytes)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "amended.yaml"
        path.write_text(yaml.safe_dump(whole | {"library": []}, allow_unicode=True, sort_keys=False), encoding="utf-8")
        loaded = load_study(path, library, study.item_types)
    if loaded.definition is None:
        problem = loaded.errors[0]
        raise DomainError(f"{problem.path}: {problem.message}", code="rule", item="rules")
    return loaded.definition.model_copy(update={"library": whole["library"]})
