from django.urls import path

from hangs import database, twins, views

urlpatterns = [
    path("ready", views.ready),
    *(path(view.__name__, view) for view in (*views.PAGES, *database.PAGES, *twins.PAGES)),
]
