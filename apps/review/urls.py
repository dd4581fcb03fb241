from django.urls import path

from apps.review.views import deviations, holds, monitoring

app_name = "review"
STUDY = "studies/<slug:slug>/"
urlpatterns = [
    path(STUDY + "holds/", holds.holds, name="holds"),
    path(STUDY + "deviations/", deviations.deviations, name="deviations"),
    path(STUDY + "deviations/export/", deviations.export, name="deviations_export"),
    path(STUDY + "deviations/new/", deviations.report, name="deviation_new"),
    path(STUDY + "deviations/<int:pk>/", deviations.deviation, name="deviation"),
    path(STUDY + "deviations/<int:pk>/<str:step>/", deviations.step, name="deviation_step"),
    path(STUDY + "monitoring/", monitoring.visits, name="monitoring"),
    path(STUDY + "monitoring/<int:pk>/", monitoring.visit, name="monitoring_visit"),
    path(STUDY + "monitoring/<int:pk>/letter/", monitoring.letter, name="monitoring_letter"),
    path(STUDY + "monitoring/<int:pk>/<str:step>/", monitoring.step, name="monitoring_step"),
    path(STUDY + "monitoring/<int:pk>/findings/<int:finding>/done/", monitoring.done, name="monitoring_done"),
]
