"""Switches of the look, and the style guide in the demonstration."""

from django.urls import path
from django.views.i18n import set_language

from xinqiao.ui import views

app_name = "ui"
urlpatterns = [
    path("ui/look/", views.look_set, name="look"),
    path("ui/language/", set_language, name="language"),
    path("ui/guide/", views.guide, name="guide"),
    path("ui/guide/desk/", views.guide_desk, name="guide-desk"),
]
