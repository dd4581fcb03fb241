"""The JSON Schema of a definition file."""

import json

from apps.studies.definition.study import StudyDefinition


def schema_text() -> str:
    """The same text for the same definition classes; for editors: it knows shapes, not rules and references."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **StudyDefinition.model_json_schema()}
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
