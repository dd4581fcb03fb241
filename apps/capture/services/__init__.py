"""Every change of records, drafts, queries and files."""

from apps.capture.services.drafts import discard_draft, save_draft
from apps.capture.services.files import store_file
from apps.capture.services.moving import move_record
from apps.capture.services.openings import keep_open, take_over
from apps.capture.services.queries import (
    answer_by_change,
    answer_queries,
    answer_query,
    assign_query,
    close_queries,
    close_query,
    open_query,
    reopen_query,
)
from apps.capture.services.rechecking import recheck_readers, recheck_record, recheck_visits, run_checks
from apps.capture.services.records import inactivate_record, reactivate_record, record_not_done, save_record
from apps.capture.services.second_entry import decide_differences, save_second_entry

__all__ = [
    "answer_by_change",
    "answer_queries",
    "answer_query",
    "assign_query",
    "close_queries",
    "close_query",
    "decide_differences",
    "discard_draft",
    "inactivate_record",
    "keep_open",
    "move_record",
    "open_query",
    "reactivate_record",
    "recheck_readers",
    "recheck_record",
    "recheck_visits",
    "record_not_done",
    "reopen_query",
    "run_checks",
    "save_draft",
    "save_record",
    "save_second_entry",
    "store_file",
    "take_over",
]
