import pytest
from django.db import DatabaseError, transaction

from apps.accounts.models import User
from apps.audit.models import Event
from apps.common.actors import SYSTEM
from apps.common.errors import DomainError, Forbidden
from apps.studies.definition import StudyDefinition
from apps.studies.definition.base import Text
from apps.studies.models import Arm, EligibilityCriterion, Form, Hold, Item, PlannedVisit, SiteVersion, Study, StudyVersion
from apps.studies.projection import digest
from apps.studies.services import publish
from tests.factories import MembershipFactory, UserFactory, published_study, small_definition

pytestmark = pytest.mark.django_db


def changed(**parts) -> StudyDefinition:
    return small_definition().model_copy(update=parts)


def with_form(form: StudyDefinition, **parts) -> StudyDefinition:
    forms = [one.model_copy(update=parts) if one.oid == form else one for one in small_definition().forms]
    return changed(forms=forms)


def actions(study: Study) -> list[str]:
    return list(Event.objects.filter(study_id=study.pk).order_by("seq").values_list("action", flat=True))


def test_it_works():
    version = publish(SYSTEM, small_definition(), "first")
    study = Study.objects.get(slug="small-trial")
    assert study.version == version
    assert version.number == 1
    assert version.language_version == "1"
    assert version.sha256 == digest(version.definition)
    assert StudyDefinition.model_validate(version.definition) == small_definition()
    assert study.item_types["BSA"] == "computed number"
    assert study.registry_id == "NCT00000000"


def test_projection(small_trial):
    version = small_trial.version
    assert list(Arm.objects.filter(version=version).values_list("code", flat=True)) == ["LOW", "HIGH"]
    assert EligibilityCriterion.objects.filter(version=version).count() == 3
    assert PlannedVisit.objects.filter(version=version).first().code == "SCR"
    assert set(version.forms.values_list("oid", flat=True)) == {form.oid for form in small_definition().forms}
    assert Item.objects.get(form__study=small_trial, oid="PLT").spec["analyte"] == "PLT"
    assert list(small_trial.sites.values_list("code", "time_zone")) == [("01", "Asia/Shanghai"), ("02", "Europe/Berlin")]
    assert SiteVersion.objects.filter(version=version).count() == 2


def test_events(small_trial):
    assert actions(small_trial) == [
        "studies.study.created",
        "studies.version.published",
        "studies.site.created",
        "studies.site.created",
        "studies.site_version.activated",
        "studies.site_version.activated",
    ]


def test_same_definition_again_writes_nothing(small_trial):
    before = actions(small_trial)
    assert publish(SYSTEM, small_definition(), "again") == small_trial.version
    assert StudyVersion.objects.filter(study=small_trial).count() == 1
    assert actions(small_trial) == before


def test_unchanged_form_keeps_its_row(small_trial):
    version = publish(SYSTEM, with_form("DX", title=Text(en="Diagnosis II", zh="诊断二")), "")
    assert version.number == 2
    assert Form.objects.filter(study=small_trial, oid="DX").count() == 2
    assert Form.objects.filter(study=small_trial, oid="VS").count() == 1
    assert Form.objects.get(study=small_trial, oid="VS").versions.count() == 2
    assert version.forms.get(oid="DX").title["en"] == "Diagnosis II"


def test_form_changes_with_its_code_list(small_trial):
    codelists = [one for one in small_definition().codelists if one.oid != "SEX"]
    sex = next(one for one in small_definition().codelists if one.oid == "SEX")
    publish(SYSTEM, changed(codelists=[*codelists, sex.model_copy(update={"codes": sex.codes[:1]})]), "")
    assert Form.objects.filter(study=small_trial, oid="DM").count() == 2


def test_sites_go_on_with_their_version(small_trial):
    sites = small_definition().sites
    third = sites[0].model_copy(update={"code": "03"})
    renamed = sites[1].model_copy(update={"time_zone": "Asia/Tokyo", "cap": 5})
    second = publish(SYSTEM, changed(sites=[sites[0], renamed, third], target=40), "")
    versions = SiteVersion.objects.filter(site__study=small_trial).order_by("site__code")
    assert [(row.site.code, row.version.number) for row in versions] == [("01", 1), ("02", 1), ("03", 2)]
    assert small_trial.sites.get(code="02").cap == 5
    assert actions(small_trial)[6:] == [
        "studies.version.published",
        "studies.site.updated",
        "studies.site.created",
        "studies.site_version.activated",
    ]
    assert second.number == 2


def test_item_that_changes_its_type_is_refused(small_trial):
    groups = [group.model_copy(update={"items": [group.items[0].model_copy(update={"type": "date"})]})
              for group in small_definition().forms[3].groups]  # fmt: skip
    before = actions(small_trial)
    with pytest.raises(DomainError, match="OTHBLOOD was published as yesno and is now date") as caught, transaction.atomic():
        publish(SYSTEM, with_form("ELIG", groups=groups), "")
    assert caught.value.item == "OTHBLOOD"
    assert StudyVersion.objects.filter(study=small_trial).count() == 1
    assert actions(small_trial) == before


def test_item_that_was_gone_comes_back_as_it_was(small_trial):
    publish(SYSTEM, changed(forms=[form for form in small_definition().forms if form.oid != "ELIG"]), "")
    small_trial.refresh_from_db()
    assert small_trial.item_types["OTHBLOOD"] == "yesno"


def test_held_study_is_refused(small_trial):
    Study.objects.filter(pk=small_trial.pk).update(hold=Hold.LOCKED)
    with pytest.raises(DomainError) as caught:
        publish(SYSTEM, changed(target=31), "")
    assert caught.value.code == "study_held"


def test_wrong_person(personas, small_trial):
    with pytest.raises(Forbidden):
        publish(personas["coordinator"].actor, changed(target=31), "")
    with pytest.raises(Forbidden):
        publish(personas["outsider"].actor, changed(target=31), "")
    version = publish(personas["study_admin"].actor, changed(target=31), "more subjects")
    assert version.published_by_id == personas["study_admin"].user.pk


def test_only_the_system_creates_a_study(personas):
    with pytest.raises(Forbidden):
        publish(personas["study_admin"].actor, changed(study="brand-new"), "")
    assert not Study.objects.filter(slug="brand-new").exists()


def test_published_version_never_changes(small_trial):
    for change in (
        lambda: StudyVersion.objects.filter(pk=small_trial.version_id).update(note="x"),
        lambda: StudyVersion.objects.filter(pk=small_trial.version_id).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_second_factor_where_the_definition_asks(small_trial):
    admin = MembershipFactory(study=small_trial, role="study_admin").user
    other = MembershipFactory(study=small_trial, role="monitor").user
    ended = UserFactory()
    publish(SYSTEM, changed(mfa_roles=["study_admin"]), "")
    assert User.objects.get(pk=admin.pk).mfa_required
    assert not User.objects.get(pk=other.pk).mfa_required
    assert not User.objects.get(pk=ended.pk).mfa_required


def test_two_studies_do_not_touch(small_trial):
    other = published_study(study="other-trial")
    assert not set(other.forms.values_list("pk", flat=True)) & set(small_trial.forms.values_list("pk", flat=True))
