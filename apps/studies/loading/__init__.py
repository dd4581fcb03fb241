"""Definition files: read, joined with the library, checked; all problems of a file at once. No Django, no database."""

from apps.studies.loading.library import Library, read_library
from apps.studies.loading.load import Loaded, check_file, load_study
from apps.studies.loading.problems import Problem, Severity

__all__ = ["Library", "Loaded", "Problem", "Severity", "check_file", "load_study", "read_library"]
