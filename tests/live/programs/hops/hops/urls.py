from django.urls import path

from hops import views

urlpatterns = [
    path("ready", views.ready),
    *(path(view.__name__, view) for view in views.PAGES),
]
