"""The project's settings with the bare view's addresses: the same middleware, the same server, the same database."""

from trialcapture.settings import *  # noqa: F403

ROOT_URLCONF = "bench.bare.urls"
WSGI_APPLICATION = "bench.bare.wsgi.application"
