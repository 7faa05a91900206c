from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "xinqiao.cases"
    label = "cases"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from xinqiao.cases import events, links, seals, writing

        events.declare_all()
        writing.register_all()
        links.register_all()
        seals.current()  # a wrong name is told when the instance starts, not when somebody seals
