from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "xinqiao.notices"
    label = "notices"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Codes for citizens' phones travel through the outbox."""
        from xinqiao.notices.services import phone_code_carry
        from xinqiao.people.services import register_sender

        register_sender(phone_code_carry)
