"""One of each thing that an address can name, in the small trial at site 01."""

from dataclasses import dataclass
from functools import cached_property

from django.core.files.uploadedfile import SimpleUploadedFile

from apps.capture.places import RecordRef
from apps.capture.services import open_query, store_file
from apps.casebook.models import Printout
from apps.common.actors import SYSTEM
from apps.exports.models import Export
from apps.notifications.models import Notice
from apps.review.services.deviations import report_deviation
from apps.review.services.monitoring import add_action, plan_monitoring
from apps.safety.models import Flag
from apps.studies.models import Membership, Site, Study
from apps.studies.protocol import site_today
from apps.studies.services import add_consent_version
from tests.journeys import enter, screened
from tests.personas import Personas


@dataclass
class World:
    """Things are made when asked for, so that a row pays only for what its address names."""

    study: Study
    site: Site
    people: Personas

    @cached_property
    def subject(self):
        return screened(self.site)

    @cached_property
    def visit(self):
        return self.subject.visits.get(code="SCR")

    @cached_property
    def record(self):
        return self.subject.records.get(form_oid="DM")

    @cached_property
    def event(self):
        return enter(self.subject, "AE", AETERM="Fever")

    @cached_property
    def dose(self):
        return enter(self.subject, "EC", ECDOSE="0.80")

    @cached_property
    def letter(self):
        upload = SimpleUploadedFile("letter.png", b"\x89PNG\r\n\x1a\n" + b"0" * 200)
        return store_file(SYSTEM, RecordRef(self.subject.pk, "DS"), "DSFILE", upload)

    @cached_property
    def query(self):
        return open_query(SYSTEM, self.record, text="Is this right?", item_oid="SEX")

    @cached_property
    def membership(self):
        return Membership.objects.get(user=self.people["monitor"].user)

    @cached_property
    def flag(self):
        return Flag.objects.create(
            study=self.study, subject=self.subject, kind="ctcae", occasion="matrix", severity="warning", text={"en": "x"}
        )

    @cached_property
    def export(self):
        return Export.objects.create(study=self.study, requested_by=self.people["data_manager"].user, blinded=True)

    @cached_property
    def deviation(self):
        return report_deviation(SYSTEM, self.site, kind="other", text="The form was lost.", subject=self.subject)

    @cached_property
    def monitoring(self):
        return plan_monitoring(SYSTEM, self.site, kind="routine", on=site_today(self.site), monitors="Wang Fang")

    @cached_property
    def consent_version(self):
        day = site_today(self.site)
        return add_consent_version(
            SYSTEM, self.site, label="1.0", language="en", approved_on=day, valid_from=day, again=False
        )

    @cached_property
    def finding(self):
        day = site_today(self.site)
        return add_action(SYSTEM, self.monitoring, text="File it.", assigned_role="coordinator", due_on=day)

    @cached_property
    def printout(self):
        person = self.people["monitor"].user
        return Printout.objects.create(study=self.study, requested_by=person, kind="blank", language="en", blinded=True)

    @cached_property
    def notice(self):
        person = self.people["coordinator"].user
        return Notice.objects.create(study=self.study, user=person, kind="flag", occasion="matrix", language="en", title="x")
