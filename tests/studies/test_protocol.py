import pytest

from apps.rules import DictScope, Kind, PartialDate, in_words, parse_value
from apps.studies.protocol import get_protocol

pytestmark = pytest.mark.django_db


@pytest.fixture
def protocol(small_trial):
    return get_protocol(small_trial.version_id)


def test_it_works(protocol, small_trial):
    assert protocol.study_id == small_trial.pk
    assert list(protocol.visits)[:3] == ["SCR", "D0", "W1"]
    assert protocol.forms_at("M1") == ["VS", "HEM", "PC"]
    assert protocol.forms_at("NONE") == []
    assert protocol.log_forms == ["EC", "AE", "DS"]
    assert protocol.forms["VS"].form_id == small_trial.forms.get(oid="VS").pk
    assert protocol.codelists["SEX"]["M"].zh == "男"


def test_read_once_in_a_process(small_trial, django_assert_num_queries):
    protocol = get_protocol(small_trial.version_id)
    with django_assert_num_queries(0):
        assert get_protocol(small_trial.version_id) is protocol


def test_items(protocol):
    bsa, temperature, line = protocol.items["BSA"], protocol.items["TEMP"], protocol.items["AETRT"]
    assert bsa.kind is Kind.NUMBER
    assert bsa.compute is not None
    assert temperature.show_if.items == {"FEVER"}
    assert [check.definition.oid for check in temperature.checks] == ["TEMP_HIGH"]
    assert line.line
    assert line.form_oid == "AE"
    assert not protocol.items["AETERM"].line
    assert protocol.forms["AE"].is_log
    assert protocol.forms["PC"].blinded
    assert not protocol.forms["VS"].blinded


def test_rules_decide(protocol):
    scope = DictScope(
        {"BRTHDAT": PartialDate.parse("2020-03-01"), "RFICDAT": PartialDate.parse("2024-05-01"),
         "SHRINK": parse_value(Kind.NUMBER, "30")}
    )  # fmt: skip
    answers = {one.definition.code: one.rule.evaluate(scope) for one in protocol.criteria}
    assert answers["I01"] is True
    assert answers["I02"] is False
    assert protocol.questions[0].rule.evaluate(scope) is True
    assert protocol.conditions["W1"].evaluate(scope) is False
    assert [target.definition.arm for target in protocol.targets] == ["LOW", "HIGH"]
    assert [start.definition.amount for start in protocol.starts] == ["0.7", "0.8"]


def test_labels_for_words(protocol):
    rule = protocol.criteria[1].rule
    assert "Shrinkage" in in_words(rule, protocol.labels("en"), "en")
    assert "缩小率" in in_words(rule, protocol.labels("zh"), "zh")
    assert protocol.labels("zh")["SEX=F"] == "女"
