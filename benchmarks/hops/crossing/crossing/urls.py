from django.urls import path

from crossing import views

urlpatterns = [path(name, getattr(views, name)) for name in ("ready", "plain", "sensitive", "free", "native")]
