"""audit, accounts, studies, labs."""

from datetime import timedelta

from allauth.mfa.models import Authenticator
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from service_scenarios import Call, World, scenario

from apps.accounts import services as accounts
from apps.audit.models import Delivery
from apps.audit.services import retry_delivery
from apps.common.actors import SYSTEM
from apps.labs import services as labs
from apps.studies import services as studies
from tests.factories import UserFactory, published_study, small_definition


@scenario("apps.audit.services.retry_delivery", "audit.delivery.retried")
def given_up(world: World) -> Call:
    delivery = Delivery.objects.create(
        event_id="00000000-0000-0000-0000-000000000001",
        handler="nowhere",
        study_id=world.study.pk,
        status="dead",
        run_after=timezone.now(),
    )
    return lambda: retry_delivery(SYSTEM, delivery, reason="the printer was replaced")


@scenario("apps.accounts.services.create_account", "accounts.account.created")
def new_person(world: World) -> Call:
    return lambda: accounts.create_account(SYSTEM, username="li", email="li@example.org", full_name="Li Na")


@scenario("apps.accounts.services.invite_again", "accounts.account.invited")
def no_password_yet(world: World) -> Call:
    user = accounts.create_account(SYSTEM, username="li", email="li@example.org", full_name="Li Na")
    return lambda: accounts.invite_again(SYSTEM, user)


@scenario("apps.accounts.services.deactivate_account", "accounts.account.deactivated")
def somebody_leaves(world: World) -> Call:
    user = UserFactory()
    return lambda: accounts.deactivate_account(SYSTEM, user, reason="left the hospital")


@scenario("apps.accounts.services.reactivate_account", "accounts.account.reactivated")
def somebody_returns(world: World) -> Call:
    user = UserFactory(is_active=False)
    return lambda: accounts.reactivate_account(SYSTEM, user, reason="came back")


@scenario("apps.accounts.services.require_mfa", "accounts.second_factor.required")
def one_factor(world: World) -> Call:
    user = UserFactory()
    return lambda: accounts.require_mfa(SYSTEM, user)


@scenario("apps.accounts.services.require_mfa")
def required_already(world: World) -> Call:
    user = UserFactory(mfa_required=True)
    return lambda: accounts.require_mfa(SYSTEM, user)


@scenario("apps.accounts.services.reset_second_factor", "accounts.second_factor.reset")
def lost_phone(world: World) -> Call:
    user = UserFactory()
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    return lambda: accounts.reset_second_factor(SYSTEM, user, reason="lost the phone")


@scenario("apps.accounts.services.change_language", "accounts.account.changed")
def another_language(world: World) -> Call:
    user = UserFactory(language="en")
    return lambda: accounts.change_language(SYSTEM, user, "zh-hans")


@scenario("apps.accounts.services.prolong_session")
def still_here(world: World) -> Call:
    return lambda: accounts.prolong_session(SYSTEM, SessionStore())


@scenario("apps.studies.services.people.grant_role", "studies.role.granted")
def new_role(world: World) -> Call:
    user = UserFactory()
    return lambda: studies.grant_role(SYSTEM, user, world.study, "monitor")


@scenario("apps.studies.services.people.grant_role", "studies.role.granted", "accounts.second_factor.required")
def role_with_second_factor(world: World) -> Call:
    definition = small_definition().model_copy(update={"mfa_roles": ["monitor"], "study": "strict-trial"})
    study, user = published_study(definition), UserFactory()
    return lambda: studies.grant_role(SYSTEM, user, study, "monitor")


@scenario("apps.studies.services.people.end_role", "studies.role.ended")
def role_ends(world: World) -> Call:
    held = studies.grant_role(SYSTEM, UserFactory(), world.study, "monitor")
    return lambda: studies.end_role(SYSTEM, held)


@scenario(
    "apps.studies.services.publishing.publish",
    "studies.study.created",
    "studies.version.published",
    "studies.site.created",
    "studies.site.created",
    "studies.site_version.activated",
    "studies.site_version.activated",
)
def first_version(world: World) -> Call:
    definition = small_definition().model_copy(update={"study": "new-trial"})
    return lambda: studies.publish(SYSTEM, definition)


@scenario("apps.studies.services.publishing.publish", "studies.version.published")
def second_version(world: World) -> Call:
    definition = small_definition().model_copy(update={"study": world.study.slug, "target": 31})
    return lambda: studies.publish(SYSTEM, definition)


@scenario("apps.studies.services.publishing.publish")
def same_version(world: World) -> Call:
    definition = small_definition().model_copy(update={"study": world.study.slug})
    return lambda: studies.publish(SYSTEM, definition)


@scenario("apps.studies.services.sites.activate_version", "studies.site_version.activated")
def site_moves_on(world: World) -> Call:
    version = studies.publish(SYSTEM, small_definition().model_copy(update={"study": world.study.slug, "target": 31}))
    tomorrow = world.today + timedelta(days=1)
    return lambda: studies.activate_version(SYSTEM, world.site, version, world.today, tomorrow)


@scenario("apps.labs.services.open_laboratory", "labs.laboratory.opened")
def new_laboratory(world: World) -> Call:
    return lambda: labs.open_laboratory(SYSTEM, world.site, "CENTRAL", "Central laboratory")


@scenario("apps.labs.services.set_ranges", "labs.ranges.set")
def new_ranges(world: World) -> Call:
    laboratory = labs.open_laboratory(SYSTEM, world.site, "CENTRAL", "Central laboratory")
    whom = {"sex": "", "age_from_days": 0, "age_to_days": 9999}
    rows = [{"analyte": "PLT", "unit": "10^9/L", "low": "150", "high": "400", "source": "laboratory's card"} | whom]
    return lambda: labs.set_ranges(SYSTEM, laboratory, rows, effective_from=world.today, reason="new card")


def consent_form(world: World):
    return studies.add_consent_version(
        SYSTEM, world.site, label="2.0", language="en", approved_on=world.yesterday, valid_from=world.today, again=True
    )


@scenario("apps.studies.services.consents.add_consent_version", "studies.consent_version.added")
def consent_form_entered(world: World) -> Call:
    return lambda: consent_form(world)


@scenario("apps.studies.services.consents.withdraw_consent_version", "studies.consent_version.withdrawn")
def consent_form_by_mistake(world: World) -> Call:
    version = consent_form(world)
    return lambda: studies.withdraw_consent_version(SYSTEM, version, reason="At the wrong site")
