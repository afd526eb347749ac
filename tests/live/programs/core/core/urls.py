from django.urls import path

from core import views

urlpatterns = [
    path("ready", views.ready),
    path("fault/<str:name>", views.fault),
    path("twin/<str:name>", views.twin),
]
