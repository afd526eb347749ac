"""For INSTALLED_APPS: lets `asyncspy attach --exact` count in workers of Python 3.10 to 3.13, where no other way is.

Until it is asked for it does nothing but look, at most once a second as a request begins, whether it is. It imports
nothing but the standard library, Django, and `asyncspy.guest`.
"""

default_app_config = "asyncspy.django.apps.AsyncspyConfig"
