"""What a dataset holds: the columns of a form (or of a repeating group in it) and the SQL that streams it.

Key columns always; a value and, where the item has a code list, its label; a missing code in a column of its own.
An item that is hidden at the record's revision is empty: its value is kept in the record, and is not data.
"""

from dataclasses import dataclass

from psycopg import sql

from apps.studies.definition import Group, ItemDefinition
from apps.studies.protocol import CompiledForm, Protocol
from apps.subjects.status import TREATED

KEYS = {
    "STUDYID": "st.slug",
    "SITEID": "si.code",
    "SUBJID": "su.number",
    "SUBJSTAT": "su.status",
    "VISIT": "v.code",
    "CYCLE": "nullif(v.cycle, 0)",
    "VISITOCC": "v.occurrence",
    "VISITDAT": "v.actual",
    "FORM": "r.form_oid",
    "REPEAT": "r.repeat",
    "RECSTAT": "r.status",
    "REVISION": "r.revision",
    "VERSION": "sv.number",
    "SAVEDUTC": "to_char(r.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')",
}
JOINS = """
FROM capture_formrecord r
JOIN studies_study st ON st.id = r.study_id
JOIN subjects_subject su ON su.id = r.subject_id
JOIN studies_site si ON si.id = su.site_id
JOIN studies_studyversion sv ON sv.id = r.version_id
LEFT JOIN visits_subjectvisit v ON v.id = r.visit_id
"""
# whether treatment began or stopped may tell the arm: for the blinded these are one status, as on the pages
_TREATED = ", ".join(f"'{status.value}'" for status in sorted(TREATED))
BLURRED_STATUS = f"CASE WHEN su.status IN ({_TREATED}) THEN 'randomized' ELSE su.status END"
# a hidden item's value stays in the record and out of the data
SHOWN = """CASE WHEN r.irrelevant = '[]'::jsonb THEN r.data
ELSE r.data - ARRAY(SELECT jsonb_array_elements_text(r.irrelevant)) END"""


@dataclass(frozen=True)
class Dataset:
    """``name`` is the file's name without its ending; ``items`` in the form's order."""

    name: str
    form_oid: str
    group: str | None
    items: tuple[ItemDefinition, ...]


@dataclass(frozen=True)
class Selection:
    """Which records: of the study, at these sites, complete ones only or all; ``blinded`` drops what shows the arm."""

    study_id: int
    site_ids: tuple[int, ...]
    complete_only: bool
    blinded: bool


def datasets_of(protocol: Protocol, *, blinded: bool) -> list[Dataset]:
    """One per form, and one per repeating group; what would give the arm away is absent for the blinded."""
    found = []
    for form in protocol.forms.values():
        if blinded and form.blinded:
            continue
        found.append(Dataset(form.oid, form.oid, None, _items(form, form.definition.groups, False, blinded)))
        found += [
            Dataset(f"{form.oid}_{group.oid}", form.oid, group.oid, _items(form, [group], True, blinded))
            for group in form.definition.groups
            if group.repeating
        ]
    return found


def _items(form: CompiledForm, groups: list[Group], repeating: bool, blinded: bool) -> tuple[ItemDefinition, ...]:
    return tuple(
        item
        for group in groups
        if group.repeating == repeating
        for item in group.items
        if item.type != "note" and not (blinded and item.blinding)
    )


def columns_of(dataset: Dataset) -> list[str]:
    """Column names in order."""
    names = list(KEYS) + (["LINE"] if dataset.group else [])
    for item in dataset.items:
        names.append(item.oid)
        if item.codelist:
            names.append(f"{item.oid}_LABEL")
        if item.type != "computed":
            names.append(f"{item.oid}_MISS")
    return names


def rows_sql(dataset: Dataset, selection: Selection, labels: dict[str, dict[str, str]]) -> sql.Composed:
    """The SELECT of a dataset, ordered by subject, visit and repeat. ``labels``: code list OID → code → label."""
    columns: list[sql.Composable] = [
        sql.SQL("{} AS {}").format(sql.SQL(expression), sql.Identifier(name))
        for name, expression in (KEYS | {"SUBJSTAT": status_sql(selection)}).items()
    ]
    if dataset.group:
        columns.append(sql.SQL("line.value ->> '_key' AS \"LINE\""))
    for item in dataset.items:
        columns += _item_columns(item, labels)
    return sql.SQL("SELECT {columns} {source} ORDER BY su.number, v.position, v.cycle, v.occurrence, r.repeat{line}").format(
        columns=sql.SQL(", ").join(columns),
        source=source_sql(dataset, selection, _values_sql(dataset)),
        line=sql.SQL(", line.ordinality" if dataset.group else ""),
    )


def status_sql(selection: Selection) -> str:
    return BLURRED_STATUS if selection.blinded else "su.status"


def source_sql(dataset: Dataset, selection: Selection, values: sql.Composable | None = None) -> sql.Composed:
    """FROM … WHERE …: the records (or the lines in them); shared by the rows and by the count they are checked against."""
    line: sql.Composable = sql.SQL("")
    if dataset.group:
        line = sql.SQL(
            "CROSS JOIN LATERAL jsonb_array_elements(coalesce(({shown}) -> {group}, '[]'::jsonb)) WITH ORDINALITY AS line"
        ).format(shown=sql.SQL(SHOWN), group=sql.Literal(dataset.group))
    conditions = [
        sql.SQL("r.study_id = {}").format(sql.Literal(selection.study_id)),
        sql.SQL("r.form_oid = {}").format(sql.Literal(dataset.form_oid)),
        sql.SQL("NOT r.inactive AND r.revision > 0"),
        sql.SQL("su.site_id = ANY({})").format(sql.Literal(list(selection.site_ids))),
    ]
    if selection.complete_only:
        conditions.append(sql.SQL("r.status = 'complete'"))
    if selection.blinded:
        conditions.append(sql.SQL("coalesce(v.audience, '') = ''"))
    if dataset.group:
        conditions.append(sql.SQL("NOT line.value ? '_inactive'"))
    return sql.SQL("{joins} {line} {values} WHERE {where}").format(
        joins=sql.SQL(JOINS), line=line, values=values or sql.SQL(""), where=sql.SQL(" AND ").join(conditions)
    )


def _values_sql(dataset: Dataset) -> sql.Composed:
    """The items as columns ``d."OID"``: one pass over the document, however many items (``->>`` would be one each)."""
    oids = [item.oid for item in dataset.items] or ["_"]
    items = [sql.SQL("{} jsonb").format(sql.Identifier(oid)) for oid in oids]
    return sql.SQL("CROSS JOIN LATERAL jsonb_to_record({data}) AS d({items})").format(
        data=sql.SQL("line.value") if dataset.group else sql.SQL(SHOWN), items=sql.SQL(", ").join(items)
    )


def _item_columns(item: ItemDefinition, labels: dict[str, dict[str, str]]) -> list[sql.Composable]:
    value = sql.SQL("d.{}").format(sql.Identifier(item.oid))
    if item.type == "choices":
        text = sql.SQL(
            "(SELECT string_agg(c, ';' ORDER BY n) FROM jsonb_array_elements_text("
            "CASE jsonb_typeof({v}) WHEN 'array' THEN {v} END) WITH ORDINALITY AS t(c, n))"
        ).format(v=value)
    else:
        text = sql.SQL("CASE jsonb_typeof({v}) WHEN 'object' THEN NULL ELSE {v} #>> '{{}}' END").format(v=value)
    columns: list[sql.Composable] = [sql.SQL("{} AS {}").format(text, sql.Identifier(item.oid))]
    if item.codelist:
        columns.append(_label_column(item, text, labels.get(item.codelist, {})))
    if item.type != "computed":
        columns.append(
            sql.SQL("CASE jsonb_typeof({v}) WHEN 'object' THEN {v} ->> 'missing' END AS {name}").format(
                v=value, name=sql.Identifier(f"{item.oid}_MISS")
            )
        )
    return columns


def _label_column(item: ItemDefinition, text: sql.Composable, labels: dict[str, str]) -> sql.Composed:
    """A code's label; of several codes, each one's, in the same order."""
    pairs = sql.SQL(" ").join(
        sql.SQL("WHEN {} THEN {}").format(sql.Literal(code), sql.Literal(label)) for code, label in labels.items()
    )
    if item.type == "choices":
        label = sql.SQL(
            "(SELECT string_agg(CASE c {pairs} END, ';' ORDER BY n) FROM unnest(string_to_array({text}, ';')) "
            "WITH ORDINALITY AS t(c, n))"
        ).format(pairs=pairs, text=text)
    else:
        label = sql.SQL("CASE {text} {pairs} END").format(text=text, pairs=pairs)
    return sql.SQL("{} AS {}").format(label, sql.Identifier(f"{item.oid}_LABEL"))
