from django.apps import AppConfig


class CorpusConfig(AppConfig):
    name = "corpus"

    def ready(self):
        from corpus import signals  # noqa: F401
