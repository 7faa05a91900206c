from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "xinqiao.desk"
    label = "desk"
