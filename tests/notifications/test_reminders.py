from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail

from apps.common.actors import SYSTEM
from apps.notifications import reminders, services
from apps.notifications.models import Notice
from apps.notifications.tasks import send_mails
from apps.subjects.models import Subject
from apps.subjects.selectors import today_at
from apps.visits.models import SubjectVisit
from tests.journeys import randomized


@pytest.fixture
def subject(site, personas):
    personas["coordinator"], personas["site_staff"], personas["other_site"], personas["blinded"]
    return randomized(site)


def at_noon(site, day):
    return datetime.combine(day, time(12), ZoneInfo(site.time_zone)).astimezone(UTC)


def month_one(subject) -> SubjectVisit:
    return subject.visits.get(code="M1")


def remind_before(subject, days):
    visit = month_one(subject)
    return reminders.remind(at_noon(subject.site, visit.target - timedelta(days=days)))


def about(subject, kind="visit_due"):
    visit = month_one(subject)
    return Notice.objects.filter(kind=kind, occasion__startswith=f"{kind}:{visit.pk}:")


def test_it_works(subject, personas):
    remind_before(subject, 3)
    notice = about(subject).get()
    assert notice.user == personas["coordinator"].user
    assert notice.language == "zh-hans"  # the site's
    assert subject.number in notice.body
    send_mails()
    sent = [message for message in mail.outbox if message.to == [personas["coordinator"].user.email]]
    assert subject.number in sent[0].subject


def test_it_is_not_due_a_day_earlier(subject):
    remind_before(subject, 4)
    assert not about(subject).exists()


def test_however_often_it_runs_there_is_one_notice_and_one_mail(subject):
    for _ in range(3):
        remind_before(subject, 2)
        send_mails()
    remind_before(subject, 1)
    send_mails()
    notice = about(subject).get()
    identifier = f"<notice-{notice.pk}@"
    assert sum(message.extra_headers["Message-ID"].startswith(identifier) for message in mail.outbox) == 1


def test_overdue_is_the_day_after_the_window_plus_the_studys_days(subject):
    visit = month_one(subject)
    reminders.remind(at_noon(subject.site, visit.latest + timedelta(days=1)))
    assert not about(subject, "visit_overdue").exists()
    reminders.remind(at_noon(subject.site, visit.latest + timedelta(days=2)))
    assert about(subject, "visit_overdue").count() == 1


def test_the_day_is_the_sites_own(subject):
    """At 23:30 UTC it is already the next day in Shanghai."""
    visit = month_one(subject)
    evening = datetime.combine(visit.target - timedelta(days=4), time(23, 30), UTC)
    reminders.remind(evening)
    assert about(subject).exists()


def test_a_visit_that_happened_is_not_reminded_of(subject):
    visit = month_one(subject)
    visit.status, visit.actual = SubjectVisit.Status.DONE, today_at(subject.site)
    visit.save()
    remind_before(subject, 2)
    assert not about(subject).exists()


@pytest.mark.parametrize("status", [Subject.Status.WITHDRAWN, Subject.Status.DIED, Subject.Status.SCREEN_FAILED])
def test_nobody_is_reminded_of_a_subject_who_left(subject, status):
    Subject.objects.filter(pk=subject.pk).update(status=status)
    remind_before(subject, 2)
    assert not about(subject).exists()


def test_a_moved_visit_is_a_new_occasion(subject):
    remind_before(subject, 2)
    visit = month_one(subject)
    visit.target += timedelta(days=10)
    visit.latest += timedelta(days=10)
    visit.save()
    remind_before(subject, 2)
    assert about(subject).count() == 2


def test_mails_hold_no_visit_name_no_arm_and_no_value(subject):
    for days in range(120):
        reminders.remind(at_noon(subject.site, today_at(subject.site) + timedelta(days=days)))
    send_mails()
    assert mail.outbox
    for message in mail.outbox:
        for word in ("Taper", "减量", "Month", "LOW", "HIGH", "低剂量", "高剂量", "ng/mL"):
            assert word not in message.body + message.subject


def test_a_mail_that_fails_waits_and_is_sent_again_with_the_same_id(subject, monkeypatch):
    remind_before(subject, 2)
    notice = about(subject).get()
    Notice.objects.exclude(pk=notice.pk).update(mail=Notice.Mail.NONE)

    def refuse(message):
        raise ConnectionRefusedError("the mail server is away")

    with monkeypatch.context() as broken:
        broken.setattr("django.core.mail.EmailMessage.send", refuse)
        assert send_mails() == 0
    notice.refresh_from_db()
    assert (notice.mail, notice.mail_attempts) == (Notice.Mail.WAITING, 1)
    assert "mail server is away" in notice.mail_error
    assert services.claim_mail() is None  # it waits
    Notice.objects.update(mail_lease_until=None)
    assert send_mails() == 1
    notice.refresh_from_db()
    assert (notice.mail, notice.mail_error) == (Notice.Mail.SENT, "")


def test_a_sender_that_died_leaves_a_mail_that_is_sent_again(subject):
    remind_before(subject, 2)
    Notice.objects.exclude(pk=about(subject).get().pk).update(mail=Notice.Mail.NONE)
    first = services.claim_mail()
    assert services.claim_mail() is None  # its lease holds
    Notice.objects.filter(pk=first.pk).update(mail_lease_until=datetime(2020, 1, 1, tzinfo=UTC))
    second = services.claim_mail()
    assert second.pk == first.pk
    assert services.message_of(first).extra_headers == services.message_of(second).extra_headers


def test_after_the_last_attempt_the_page_says_failed(subject, monkeypatch):
    remind_before(subject, 2)
    notice = about(subject).get()
    Notice.objects.exclude(pk=notice.pk).update(mail=Notice.Mail.NONE)
    monkeypatch.setattr("django.core.mail.EmailMessage.send", lambda message: (_ for _ in ()).throw(OSError("bounced")))
    for _ in range(services.MAX_ATTEMPTS):
        Notice.objects.update(mail_lease_until=None)
        send_mails()
    notice.refresh_from_db()
    assert notice.mail == Notice.Mail.FAILED
    assert services.send_mail_of(SYSTEM, notice) is False
