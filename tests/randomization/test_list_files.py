"""An imported list: taken whole, or refused with a reason for every line and nothing changed."""

import pytest

from apps.audit.models import Event
from apps.common.actors import SYSTEM
from apps.common.errors import Forbidden
from apps.common.permissions import Role
from apps.randomization.checking import problems_in
from apps.randomization.gathering import evidence_of
from apps.randomization.list_files import ListRefused, read_list
from apps.randomization.models import Scheme, Slot
from apps.randomization.sealing import seal_arm
from apps.randomization.services import (
    create_scheme,
    extend_by_import,
    extend_lists,
    go_live,
    import_list,
    randomize_subject,
)
from tests import small

ARMS, LEVELS = ["HIGH", "LOW"], {"KMP": ["N", "Y"]}
GOOD = "position,KMP,arm\n1,N,HIGH\n2,N,LOW\n1,Y,LOW\n2,Y,HIGH\n3,Y,HIGH\n"


def wrong(text, **more):
    content = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(ListRefused) as refused:
        read_list(content, ARMS, LEVELS, **more)
    return refused.value.lines


def test_it_works():
    assert read_list(GOOD.encode(), ARMS, LEVELS) == {"KMP=N": ["HIGH", "LOW"], "KMP=Y": ["LOW", "HIGH", "HIGH"]}


def test_as_spreadsheets_write_it():
    text = "\ufeff" + GOOD.replace(",", ";").replace("\n", "\r\n") + "\r\n;;\r\n"
    assert read_list(text.encode(), ARMS, LEVELS) == read_list(GOOD.encode(), ARMS, LEVELS)
    quoted = 'arm , KMP,"position"\n"HIGH",N,1\nLOW,Y, 1\n'
    assert read_list(quoted.encode(), ARMS, LEVELS) == {"KMP=N": ["HIGH"], "KMP=Y": ["LOW"]}


def test_a_wrong_arm():
    assert wrong(GOOD.replace("2,N,LOW", "2,N,MIDDLE")) == [(3, "there is no arm “MIDDLE”; the arms are HIGH, LOW")]
    assert wrong(GOOD.replace("2,N,LOW", "2,N,low"))[0][0] == 3
    assert wrong(GOOD.replace("2,N,LOW", "2,N,"))[0][0] == 3


def test_a_gap():
    assert wrong(GOOD.replace("2,Y,HIGH\n", "")) == [(5, "position 2 of KMP=Y is missing before 3")]
    assert wrong(GOOD.replace("1,N,HIGH\n", "")) == [(2, "position 1 of KMP=N is missing before 2")]


def test_a_duplicate():
    assert wrong(GOOD + "2,N,LOW\n") == [(7, "position 2 of KMP=N stands in line 3 already")]


def test_a_stratum_without_lines_and_an_unknown_code():
    assert wrong("position,KMP,arm\n1,N,HIGH\n") == [(1, "no line is of stratum KMP=Y")]
    assert wrong(GOOD + "1,X,LOW\n") == [(7, "KMP has no code “X”; there are N, Y")]


@pytest.mark.parametrize("cell", ["=1+1", "+HIGH", "-HIGH", "@SUM(A1)"])
def test_a_formula(cell):
    ((line, words),) = wrong(GOOD.replace("2,N,LOW", f"2,N,{cell}"))
    assert line == 3
    assert f"arm begins with “{cell[0]}”, as a formula does" in words


@pytest.mark.parametrize("position", ["0", "x", "1.0", "٣", "", "99999999999999999999"])
def test_a_position_that_is_none(position):
    ((line, words),) = wrong(GOOD.replace("2,N,LOW", f"{position},N,LOW"))
    assert line == 3
    assert "no whole number" in words


def test_another_encoding():
    for encoding in ("utf-16", "gb18030"):
        ((line, words),) = wrong(GOOD.replace("HIGH", "高").encode(encoding))
        assert "UTF-8" in words
    assert line == 2


def test_another_head():
    ((line, words),) = wrong(GOOD.replace("KMP", "KMPHX"))
    assert (line, words) == (1, "the columns are position, KMPHX, arm; they must be position, KMP, arm")
    assert wrong("")[0][0] == 1
    assert wrong(GOOD.replace("arm", "arm,note"))[0][0] == 1


def test_too_few_cells_and_a_quote_that_does_not_end():
    assert wrong(GOOD + "3,N\n") == [(7, "2 cells instead of 3")]
    assert "cannot be read as CSV" in wrong(GOOD + '3,"N,LOW\n')[0][1]


def test_100_000_rows():
    rows = "position,KMP,arm\n" + "".join(f"{n},Y,LOW\n" for n in range(1, 50_002)) + "1,N,LOW\n"
    assert wrong(rows) == [(50_002, "a list has at most 50,000 lines")]
    rows = "position,KMP,arm\n" + "".join(f"{n},Y,LOW\n" for n in range(1, 100_001))
    assert "kB" in wrong(rows)[0][1]


def test_every_line_is_named_up_to_two_hundred():
    assert len(wrong("position,KMP,arm\n" + "1,N,X\n" * 5000)) == 200


def test_going_on_behind_what_is_there():
    start = {"KMP=N": 2, "KMP=Y": 3}
    assert read_list(b"position,KMP,arm\n3,N,LOW\n", ARMS, LEVELS, start) == {"KMP=N": ["LOW"]}
    assert wrong(GOOD, start=start)[0] == (2, "position 1 of KMP=N is in the sealed list already; go on with 3")
    assert wrong("position,KMP,arm\n4,N,LOW\n", start=start) == [(2, "position 3 of KMP=N is missing before 4")]


PLAN = {"method": "imported", "strata": ["KMP"]} | small.R


@pytest.fixture
def study():
    return small.publish_small(randomization=PLAN)


@pytest.mark.django_db
def test_an_imported_list_is_sealed_used_and_verified(study):
    statistician = small.person(study, Role.UNBLINDED_STATISTICIAN)
    scheme = go_live(statistician, import_list(statistician, study, GOOD.encode()))
    assert scheme.config["length"] == {"KMP=N": 2, "KMP=Y": 3}
    given = [randomize_subject(SYSTEM, small.enrolled(small.screened(small.site_of(study)))) for _ in range(3)]
    assert [one.arm for one in given] == ["LOW", "HIGH", "HIGH"]
    with small.refused("exhausted"):
        randomize_subject(SYSTEM, small.enrolled(small.screened(small.site_of(study))))
    assert list(problems_in(evidence_of(scheme))) == []
    Slot.objects.filter(stratum="KMP=N", position=1).update(sealed_arm=seal_arm("KMP=N", 1, "LOW"))
    assert list(problems_in(evidence_of(scheme))) == ["Slot KMP=N 1 holds another arm than the sealed list."]


@pytest.mark.django_db
def test_another_file_goes_on(study):
    scheme = go_live(SYSTEM, import_list(SYSTEM, study, GOOD.encode()))
    longer = extend_by_import(SYSTEM, scheme, b"position,KMP,arm\n4,Y,LOW\n5,Y,LOW\n", reason="More with KMP")
    assert longer.config["length"] == {"KMP=N": 2, "KMP=Y": 5}
    assert list(problems_in(evidence_of(longer))) == []
    with small.refused("list_refused"):
        extend_by_import(SYSTEM, longer, GOOD.encode(), reason="Again")
    with small.refused("not_drawn"):
        extend_lists(SYSTEM, longer, 40, reason="By seed")
    assert list(problems_in(evidence_of(longer))) == []


@pytest.mark.django_db
def test_what_is_refused_changes_nothing(study):
    events = Event.objects.count()
    with pytest.raises(ListRefused):
        import_list(SYSTEM, study, GOOD.replace("LOW", "X").encode())
    with small.refused("needs_list"):
        create_scheme(SYSTEM, study)
    with pytest.raises(Forbidden):
        import_list(small.person(study, Role.DATA_MANAGER), study, GOOD.encode())
    assert (Scheme.objects.count(), Slot.objects.count(), Event.objects.count()) == (0, 0, events)


@pytest.mark.django_db
def test_a_protocol_that_makes_its_lists_takes_no_file():
    with small.refused("not_imported"):
        import_list(SYSTEM, small.publish_small(), GOOD.encode())
