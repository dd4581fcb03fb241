"""The addresses of a form (at a visit or of a log), of what lies beside it, and of a query's steps."""

from django.urls import path

from apps.casebook.views import holding, items, log, marks, moving, queries, record, second_entry, signatures

VISIT = "studies/<slug:slug>/subjects/<str:number>/visits/<int:visit_id>/<str:form_oid>/<int:repeat>/"
LOG = "studies/<slug:slug>/subjects/<str:number>/log/<str:form_oid>/"
LOG_LINE = f"{LOG}<int:repeat>/"


def under(base: str, name: str) -> list:
    return [
        path(base, record.form_page, name=name),
        path(f"{base}evaluate/", record.evaluate, name=f"{name}_evaluate"),
        path(f"{base}draft/", record.draft, name=f"{name}_draft"),
        path(f"{base}ping/", record.ping, name=f"{name}_ping"),
        path(f"{base}take-over/", record.takeover, name=f"{name}_take_over"),
        path(f"{base}not-done/", record.not_done, name=f"{name}_not_done"),
        path(f"{base}second/", second_entry.second, name=f"{name}_second"),
        path(f"{base}second/evaluate/", second_entry.evaluate, name=f"{name}_second_evaluate"),
        path(f"{base}second/draft/", second_entry.draft, name=f"{name}_second_draft"),
        path(f"{base}second/lines/<str:group>/", second_entry.new_lines, name=f"{name}_second_new_line"),
        path(f"{base}differences/", second_entry.differences, name=f"{name}_differences"),
        path(f"{base}move/", moving.move, name=f"{name}_move"),
        path(f"{base}inactive/", record.inactive, name=f"{name}_inactive"),
        path(f"{base}lines/<str:group>/", record.new_lines, name=f"{name}_new_line"),
        path(f"{base}item/<str:name>/", items.item, name=f"{name}_item"),
        path(f"{base}item/<str:name>/marks/<str:kind>/", marks.item, name=f"{name}_item_mark"),
        path(f"{base}marks/<str:kind>/", marks.form, name=f"{name}_mark"),
        path(f"{base}sign/", signatures.form, name=f"{name}_sign"),
        path(f"{base}hold/", holding.form, name=f"{name}_hold"),
        path(f"{base}files/<uuid:attachment_id>/", items.file, name=f"{name}_file"),
        path(f"{base}files/<uuid:attachment_id>/thumbnail/", items.thumbnail, name=f"{name}_thumbnail"),
    ]


urlpatterns = [
    *under(VISIT, "form"),
    *under(LOG_LINE, "log_form"),
    path(LOG, log.log, name="log"),
    path("studies/<slug:slug>/queries/", queries.queries, name="queries"),
    path("studies/<slug:slug>/queries/export/", queries.export, name="queries_export"),
    path("studies/<slug:slug>/queries/<int:query_id>/assign/", items.query_assign, name="query_assign"),
    path("studies/<slug:slug>/queries/<int:query_id>/<str:step>/", items.query_step, name="query_step"),
]
