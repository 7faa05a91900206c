"""Worklist, case file, steps, papers."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
