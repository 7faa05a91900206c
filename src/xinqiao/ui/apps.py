from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "xinqiao.ui"
    label = "ui"
    verbose_name = "界面"
