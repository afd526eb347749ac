"""Django's registry of apps to a door that is looked at as requests begin."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.signals import request_started

from asyncspy.django import door


class AsyncspyConfig(AppConfig):  # type: ignore[misc, unused-ignore]
    """The app."""

    name = "asyncspy.django"
    label = "asyncspy"

    def ready(self) -> None:
        """Look from now on."""
        request_started.connect(door.look, dispatch_uid="asyncspy.django")
