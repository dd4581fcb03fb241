"""gunicorn's configuration: `gunicorn --config python:trialcapture.runtime.web trialcapture.wsgi`."""

import os

from gunicorn import glogging

from trialcapture import logs

bind = os.environ.get("BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))
worker_class = "gthread"
preload_app = True
timeout = 60
graceful_timeout = 10
keepalive = 5
# a slow leak in a library does not grow for ever, and the workers do not all restart at once
max_requests, max_requests_jitter = 20_000, 2_000
# /dev/shm is tiny in many containers, and the heartbeat file must not wait for a disk
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
# no second server on a socket: signals and the supervisor say all there is to say
control_socket_disable = True


class StructuredLogger(glogging.Logger):
    """gunicorn's own words go the way of all other logs."""

    def setup(self, cfg) -> None:
        super().setup(cfg)
        logs.configure(os.environ.get("TRIALCAPTURE_LOG_FORMAT", "json"), os.environ.get("TRIALCAPTURE_LOG_LEVEL", "INFO"))
        for logger in (self.error_log, self.access_log):
            logger.handlers.clear()
            logger.propagate = True


logger_class = StructuredLogger
