from apps.studies.difference import difference
from tests.factories import small_definition


def changed(**parts):
    return small_definition().model_copy(update=parts)


def told(new) -> list[str]:
    return [str(change) for change in difference(small_definition(), new)]


def test_it_works():
    assert told(small_definition()) == []
    assert told(changed(target=40)) == ["study small-trial changed: target from “30” to “40”"]


def test_added_and_gone():
    visits = [visit for visit in small_definition().visits if visit.code != "M2"]
    late = small_definition().visits[3].model_copy(update={"code": "M9"})
    assert told(changed(visits=[*visits, late])) == ["new visit M9", "visit M2 is gone"]


def test_item_is_named_alone():
    """A changed label is the item's, not the whole form's; a window is told in days, a text in both languages."""
    study = small_definition()
    forms = [form.model_dump(mode="json") for form in study.forms]
    forms[0]["groups"][0]["items"][0]["label"]["zh"] = "生日"
    visits = [visit.model_dump(mode="json") for visit in study.visits]
    visits[3]["window"][1]["amount"] = 5
    new = type(study).model_validate(study.model_dump(mode="json") | {"forms": forms, "visits": visits})
    assert told(new) == [
        "visit M1 changed: window from “-3 days, +3 days” to “-3 days, +5 days”",
        "item DM.BRTHDAT changed: label from “Date of birth / 出生日期” to “Date of birth / 生日”",
    ]


def test_moved_item_shows_in_the_form():
    study = small_definition()
    forms = [form.model_dump(mode="json") for form in study.forms]
    forms[0]["groups"][0]["items"].reverse()
    new = type(study).model_validate(study.model_dump(mode="json") | {"forms": forms})
    (words,) = told(new)
    assert words.startswith("form DM changed: items from")


def test_code_list():
    study = small_definition()
    codelists = [codelist.model_dump(mode="json") for codelist in study.codelists]
    codelists[0]["codes"].append({"code": "U", "label": {"en": "Unknown", "zh": "不详"}})
    new = type(study).model_validate(study.model_dump(mode="json") | {"codelists": codelists})
    assert told(new) == [
        "code list SEX changed: order from “M, F” to “M, F, U”",
        "new code SEX.U",
    ] or "new code SEX.U" in told(new)
