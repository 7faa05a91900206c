"""Entry at window and hotline, contacts, notices, posts, the rehearsal clock."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
