from django.urls import path

from trips import views

urlpatterns = [path(view.__name__, view) for view in (views.weather, views.people, views.newest, views.ready)]
