from django.urls import path

from apps.casebook.record_urls import urlpatterns as records
from apps.casebook.views import (
    allocation,
    closing,
    consents,
    eligibility,
    holding,
    marks,
    matrix,
    printing,
    second_entry,
    signatures,
    subjects,
    trail,
    transfers,
    verification,
    visits,
)

app_name = "casebook"
STUDY = "studies/<slug:slug>/"
SUBJECT = STUDY + "subjects/<str:number>/"
VISIT = SUBJECT + "visits/<int:visit_id>/"

urlpatterns = [
    path(STUDY + "casebook/", matrix.matrix, name="matrix"),
    path(STUDY + "audit/", trail.audit, name="audit"),
    path(STUDY + "audit/export/", trail.export, name="audit_export"),
    path(STUDY + "enrolment/", subjects.enrolment_count, name="enrolment_count"),
    path(STUDY + "consents/", consents.consents, name="consents"),
    path(STUDY + "consents/<int:pk>/withdraw/", consents.withdraw, name="consent_withdraw"),
    path(STUDY + "subjects/", subjects.subjects, name="subjects"),
    # before the subjects: no subject has this number, since numbers hold a sequence
    path(STUDY + "subjects/screen/", subjects.screen, name="screen"),
    path(SUBJECT, subjects.subject, name="subject"),
    path(SUBJECT + "eligibility/", eligibility.eligibility, name="eligibility"),
    path(SUBJECT + "enrol/", eligibility.enrol, name="enrol"),
    path(SUBJECT + "randomize/", allocation.randomize, name="randomize"),
    path(SUBJECT + "allocation/", allocation.allocation, name="allocation"),
    path(SUBJECT + "allocation/mistake/", allocation.misrandomization, name="misrandomization"),
    path(SUBJECT + "allocation/unblind/", allocation.unblind, name="unblind"),
    path(SUBJECT + "depart/", subjects.depart, name="depart"),
    path(SUBJECT + "correct/", subjects.correct, name="correct"),
    path(SUBJECT + "visits/", visits.unscheduled, name="unscheduled"),
    path(VISIT, visits.visit, name="visit"),
    path(VISIT + "date/", visits.visit_date, name="visit_date"),
    path(VISIT + "book/", visits.book_visit, name="visit_book"),
    path(VISIT + "close/", visits.close_visit, name="visit_close"),
    path(VISIT + "reopen/", visits.reopen_visit, name="visit_reopen"),
    path(VISIT + "marks/<str:kind>/", marks.visit, name="visit_mark"),
    path(VISIT + "sign/", signatures.visit, name="visit_sign"),
    path(VISIT + "hold/", holding.visit, name="visit_hold"),
    path(SUBJECT + "transfer/", transfers.transfer, name="transfer"),
    path(STUDY + "transferred/", transfers.transferred, name="transferred"),
    path(SUBJECT + "sign/", signatures.casebook, name="sign"),
    path(SUBJECT + "signatures/", signatures.signatures, name="signatures"),
    path(SUBJECT + "close-out/", closing.subject, name="close_out"),
    path(SUBJECT + "hold/", holding.subject, name="hold"),
    path(STUDY + "close-out/", closing.study, name="study_close_out"),
    path(STUDY + "verification/", verification.left, name="verification"),
    path(STUDY + "verification/changed/", verification.changed, name="verification_changed"),
    path(STUDY + "second-entries/", second_entry.second_entries, name="second_entries"),
    path(STUDY + "printouts/", printing.printouts, name="printouts"),
    path(STUDY + "printouts/<int:pk>/", printing.progress, name="printout"),
    path(STUDY + "printouts/<int:pk>/download/", printing.download, name="printout_download"),
    path(VISIT + "worksheet/", printing.visit_worksheet, name="visit_worksheet"),
    path(SUBJECT + "worksheets/<str:form_oid>/", printing.log_worksheet, name="log_worksheet"),
    *records,
]
