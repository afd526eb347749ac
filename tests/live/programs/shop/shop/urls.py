from django.urls import path

from shop import views

urlpatterns = [
    path("", views.checkout),
    path("account", views.account),
    path("ready", views.ready),
]
