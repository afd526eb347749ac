from django.urls import path

from guard import state, views

urlpatterns = [
    path("", views.page),
    path("innocent", views.innocent),
    path("hold", views.hold),
    path("block/<int:seconds>", views.block),
    path("wait/<int:milliseconds>", views.wait),
    path("park/<int:seconds>", views.park),
    path("pause/<int:milliseconds>", views.pause),
    path("fork/<int:seconds>", views.fork),
    path("ready", views.ready),
    path("state", state.state),
]
