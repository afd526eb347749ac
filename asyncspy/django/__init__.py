"""For INSTALLED_APPS: lets `asyncspy attach --exact` count in workers of Python 3.10 to 3.13, which need it.

Until asyncspy asks for it, it only checks whether it does, at most once a second as a request begins. It imports only
the standard library, Django, and `asyncspy.guest`.
"""

default_app_config = "asyncspy.django.apps.AsyncspyConfig"
