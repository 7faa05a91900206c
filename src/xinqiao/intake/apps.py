from django.apps import AppConfig


class IntakeConfig(AppConfig):
    name = "xinqiao.intake"
    label = "intake"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from xinqiao.intake import sealing

        sealing.register()
