"""What every test may ask for."""

from tests.databases import *  # noqa: F403
from tests.databases import _clone_instead_of_flush, _empty_valkey, _no_seals_left, _tasks_at_once  # noqa: F401
from tests.outbox import run_outbox  # noqa: F401
from tests.personas import _no_protocol_left, other_trial, personas, second_site, site, small_trial  # noqa: F401
