from django.apps import AppConfig


class IntakeConfig(AppConfig):
    name = "xinqiao.intake"
    label = "intake"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from xinqiao.cases import finding
        from xinqiao.intake import sealing, selectors

        sealing.register()
        finding.register_source(selectors.texts_of_cases)
