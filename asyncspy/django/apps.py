"""The Django app: checks as requests begin whether asyncspy asks for the hook."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.signals import request_started

from asyncspy.django import door


class AsyncspyConfig(AppConfig):  # type: ignore[misc, unused-ignore]
    """The app."""

    name = "asyncspy.django"
    label = "asyncspy"

    def ready(self) -> None:
        """Check from now on."""
        request_started.connect(door.check, dispatch_uid="asyncspy.django")
