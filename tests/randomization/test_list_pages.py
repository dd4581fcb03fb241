"""The lists' page: sealing, releasing, extending, importing, trying, revealing, as their keeper does it."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from apps.common.actors import SYSTEM
from apps.common.permissions import Role
from apps.randomization.evidence import Evidence
from apps.randomization.models import Scheme
from apps.randomization.services import randomize_subject
from apps.studies.models import Hold, Study
from tests import small
from tests.randomization.test_list_files import GOOD
from tests.randomization.test_list_files import PLAN as IMPORTED

pytestmark = pytest.mark.django_db


@pytest.fixture
def keeper(client, study):
    client.force_login(small.user(study, Role.UNBLINDED_STATISTICIAN))
    return client


def at(name="lists", *more):
    return reverse(f"randomization:{name}", args=["small", *more])


def do(client, step, **typed):
    return client.post(at("step", step), typed, follow=True)


def test_it_works(keeper, study):
    assert "not sealed yet" in keeper.get(at()).content.decode()
    assert "sealed, not released" in do(keeper, "seal").content.decode()
    html = do(keeper, "release").content.decode()
    assert Scheme.objects.get().commitment in html
    randomize_subject(SYSTEM, small.enrolled(small.screened(small.site_of(study))))
    html = do(keeper, "extend", **{"extend-length": "40", "extend-reason": "More subjects"}).content.decode()
    assert Scheme.objects.get().config["length"] == 40
    assert "KMP=Y" in html
    assert not any(word in html for word in ("HIGH", "LOW", "High dose"))


def test_what_is_refused_comes_back_as_typed(keeper, study):
    do(keeper, "seal")
    assert "already" in do(keeper, "seal").content.decode()
    do(keeper, "release")
    answer = keeper.post(at("step", "extend"), {"extend-length": "5", "extend-reason": "Fewer"})
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "adds nothing to every list" in html
    assert "Fewer" in html
    assert keeper.post(at("step", "extend"), {"extend-length": "x", "extend-reason": ""}).status_code == 422
    assert keeper.post(at("step", "reveal"), {"why-reason": "Now"}).status_code == 422
    assert keeper.post(at("step", "explode")).status_code == 404
    assert keeper.get(at("step", "seal")).status_code == 405


def test_a_step_before_there_are_lists_says_so(keeper):
    assert "no randomization lists yet" in do(keeper, "release").content.decode()


def test_the_dry_run_is_a_picture(keeper):
    html = keeper.post(at("dry_run")).content.decode()
    assert "10,000 virtual subjects" in html or "10000 virtual subjects" in html
    assert html.count("<rect") >= 6
    assert "<polyline" in html
    assert "KMP=Y" in html


def test_discarding(keeper):
    do(keeper, "seal")
    do(keeper, "discard", **{"why-reason": "The blocks were too small"})
    assert not Scheme.objects.exists()


def test_revealing_and_downloading(keeper, study):
    do(keeper, "seal")
    do(keeper, "release")
    Study.objects.filter(pk=study.pk).update(hold=Hold.LOCKED)
    assert "not revealed" in keeper.post(at("revealed"), follow=True).content.decode()
    do(keeper, "reveal", **{"why-reason": "The study is over"})
    answer = keeper.post(at("revealed"))
    assert answer["Content-Disposition"] == 'attachment; filename="small-randomization.json"'
    assert Evidence.from_json(json.loads(answer.content)).study == "small"


def test_the_blinded_and_the_outsider_find_nothing(client, study):
    do_not = {Role.OUTCOME_ASSESSOR: 403, Role.COORDINATOR: 403, None: 404}
    for role, status in do_not.items():
        client.force_login(small.user(study, role) if role else small.user())
        assert client.get(at()).status_code == status
    user = small.user(study, Role.AUDITOR)
    client.force_login(user)
    assert client.get(at()).status_code == 200
    assert client.post(at("step", "seal")).status_code == 403
    small.Membership.objects.create(user=user, study=study, role=Role.OUTCOME_ASSESSOR)
    assert client.get(at()).status_code == 404


def test_a_study_with_one_arm_has_no_lists(client):
    study = small.publish_small(small.single_arm())
    client.force_login(small.user(study, Role.UNBLINDED_STATISTICIAN))
    html = client.get(reverse("randomization:lists", args=[study.slug])).content.decode()
    assert "The protocol has one arm" in html


def upload(client, text, **more):
    return client.post(at("import"), {"file": SimpleUploadedFile("list.csv", text.encode())} | more)


def checked_of(answer):
    return answer.context["checked"]


@pytest.fixture
def importer(client):
    study = small.publish_small(randomization=IMPORTED)
    client.force_login(small.user(study, Role.UNBLINDED_STATISTICIAN))
    return client


def test_a_file_is_checked_before_it_is_taken(importer):
    answer = upload(importer, GOOD)
    html = answer.content.decode()
    assert "The file is in order" in html
    assert "HIGH" not in html
    assert not Scheme.objects.exists()
    importer.post(at("import"), {"checked": checked_of(answer)})
    assert Scheme.objects.get().config["length"] == {"KMP=N": 2, "KMP=Y": 3}
    do(importer, "release")
    answer = upload(importer, "position,KMP,arm\n4,Y,LOW\n", reason="More")
    importer.post(at("import"), {"checked": checked_of(answer), "reason": "More"})
    assert Scheme.objects.get().config["length"] == {"KMP=N": 2, "KMP=Y": 4}


def test_each_wrong_line_is_named(importer):
    answer = upload(importer, GOOD.replace("2,N,LOW", "2,N,MIDDLE").replace("3,Y,HIGH", "3,Y,=1+1"))
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "there is no arm “MIDDLE”" in html
    assert "as a formula does" in html
    assert not Scheme.objects.exists()


def test_a_forged_or_empty_second_step_is_refused(importer):
    for typed in ({"checked": "forged"}, {}, {"checked": "忧"}):
        answer = importer.post(at("import"), typed)
        assert answer.status_code == 422
    assert not Scheme.objects.exists()


def test_the_template_has_the_columns(importer):
    text = b"".join(importer.get(at("template")).streaming_content).decode()
    assert text == "\ufeffposition,KMP,arm\r\n"


def test_as_many_statements_with_more_strata(client, study, scheme, django_assert_max_num_queries):
    client.force_login(small.user(study, Role.UNBLINDED_STATISTICIAN))
    with django_assert_max_num_queries(16):
        assert client.get(at()).status_code == 200
