from django.urls import path

from apps.randomization import views

app_name = "randomization"
LISTS = "studies/<slug:slug>/randomization/"
urlpatterns = [
    path(LISTS, views.lists, name="lists"),
    path(LISTS + "import/", views.import_file, name="import"),
    path(LISTS + "template/", views.template, name="template"),
    path(LISTS + "dry-run/", views.dry_run, name="dry_run"),
    path(LISTS + "revealed/", views.revealed, name="revealed"),
    path(LISTS + "<str:step>/", views.step, name="step"),
]
