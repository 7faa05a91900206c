from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "xinqiao.portal"
    label = "portal"
    verbose_name = "群众入口"
