"""Runs in the foreground, starts again what dies, and on Ctrl-C stops everything in order."""

import contextlib
import signal
import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator

from trialcapture.runtime.errors import CannotRun
from trialcapture.runtime.stack import Stack
from trialcapture.runtime.words import say, step

# a child that dies so often within so many seconds will not get better by itself
DEATHS, WITHIN = 5, 60.0
PAUSE = 0.5
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Someone asked us to stop. Not an Exception, so that no handler on the way takes it for an error."""


class StopRequest:
    """While starting, a signal interrupts; while stopping, a second one changes nothing."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.interrupts = True

    def __call__(self, _number, _frame) -> None:
        self.event.set()
        if self.interrupts:
            self.interrupts = False
            raise Stopped


@contextlib.contextmanager
def stops_everything(stack: Stack) -> Iterator[StopRequest]:
    """Whatever ends the block, by signal or by error: no process of the stack is left."""
    request = StopRequest()
    before = {number: signal.signal(number, request) for number in SIGNALS}
    try:
        yield request
    except Stopped:
        say("")
    finally:
        request.interrupts = False
        with step("Stopping"):
            stack.stop()
        for number, handler in before.items():
            signal.signal(number, handler)


def look_after(stack: Stack, request: StopRequest) -> None:
    """Until a signal comes. Raises CannotRun when one part dies again and again."""
    deaths: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=DEATHS))
    while not request.event.wait(PAUSE):
        for name in stack.heal():
            say(f"  {name} had died and was started again (logs: {stack.places.logs}).")
            times = deaths[name]
            times.append(time.monotonic())
            if len(times) == DEATHS and times[-1] - times[0] < WITHIN:
                raise CannotRun(f"{name} dies again and again; the reasons are in {stack.places.logs}.")
