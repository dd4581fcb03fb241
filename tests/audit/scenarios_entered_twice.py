"""The second entry of a form and the decision between two."""

from service_scenarios import Call, World, scenario

from apps.capture import services as capture
from apps.capture.places import RecordRef
from tests import journeys


@scenario("apps.capture.services.second_entry.save_second_entry", "capture.second_entry.saved")
def a_second_entry_is_begun(world: World) -> Call:
    ref = twice_entered(world)
    return lambda: capture.save_second_entry(world.personas["site_staff"].actor, ref, {"SEX": "M"}, 0)


@scenario("apps.capture.services.second_entry.save_second_entry", "capture.second_entry.completed")
def a_second_entry_is_completed(world: World) -> Call:
    ref = twice_entered(world)
    return lambda: capture.save_second_entry(world.personas["site_staff"].actor, ref, {"SEX": "M"}, 0, complete=True)


@scenario(
    "apps.capture.services.second_entry.decide_differences", "capture.record.adjudicated", "capture.second_entry.decided"
)
def the_second_entry_was_right(world: World) -> Call:
    ref = twice_entered(world)
    capture.save_second_entry(world.personas["site_staff"].actor, ref, {"SEX": "M"}, 0, complete=True)
    return lambda: capture.decide_differences(
        world.personas["data_manager"].actor, ref, {"SEX": "second"}, reason="The source says M"
    )


def twice_entered(world: World) -> RecordRef:
    journeys.enter(world.screened, "DM", "SCR", complete=True)
    return world.ref("DM", "SCR")
