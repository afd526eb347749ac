from django.urls import path

from shop import views

urlpatterns = [
    path("", views.checkout),
    path("ready", views.ready),
]
