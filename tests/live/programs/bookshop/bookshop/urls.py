from django.urls import path

from bookshop import views

urlpatterns = [path("", views.shelf), path("ready", views.ready)]
