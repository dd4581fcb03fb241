"""Structured logs: one JSON object (or, for people, one line) per event, with the request's id, and never a secret.

Everything goes through here: structlog's loggers, the standard library's, gunicorn's and Celery's.
"""

import logging
import logging.config
import re
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

HIDDEN = "[hidden]"
SECRET_NAMES = re.compile(
    r"password|passwd|secret|token|cookie|authorization|api_?key|seal_key|allocation_key|session_?key|otp|database_url",
    re.IGNORECASE,
)
# the password inside a URL, however it got into a message or a traceback
URL_PASSWORD = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s@/]+@", re.IGNORECASE)


def hide_secrets(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Values under a secret's name are replaced, at any depth; passwords in URLs are cut out of every text."""
    return {key: HIDDEN if SECRET_NAMES.search(str(key)) else hidden(value) for key, value in event.items()}


def hidden(value):
    if isinstance(value, str):
        return URL_PASSWORD.sub(rf"\1{HIDDEN}@", value)
    if isinstance(value, dict):
        return hide_secrets(None, "", value)
    if isinstance(value, (list, tuple)):
        return [hidden(one) for one in value]
    return value


SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.format_exc_info,
    hide_secrets,
]


def renderer(format: str):
    if format == "console":
        return structlog.dev.ConsoleRenderer(colors=False)
    return structlog.processors.JSONRenderer(ensure_ascii=False)


def configure(format: str = "json", level: str = "INFO") -> None:
    """From here on every log line of the process is written to standard error in this form. May be called again."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "structured": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer(format)],
                    "foreign_pre_chain": SHARED,
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
            "root": {"handlers": ["stderr"], "level": level},
            "loggers": {
                "django.server": {"handlers": [], "propagate": True},
                # the requests themselves are logged with their id by the middleware
                "django.request": {"level": "ERROR"},
            },
        }
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
