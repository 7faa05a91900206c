from django.apps import AppConfig


class StreamConfig(AppConfig):
    name = "xinqiao.stream"
    label = "stream"
