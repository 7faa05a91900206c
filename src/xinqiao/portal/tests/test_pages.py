"""Pages that everybody may read, and what a page may cost."""

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from tests.support.world import World
from xinqiao.triage.models import KnowledgeEntry

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["front", "how-long", "say", "track", "track-phone", "mine", "knowledge", "how", "lost", "rights"])
def test_every_open_page_answers(client: Client, world: World, name: str) -> None:
    answer = client.get(reverse(f"portal:{name}"))
    assert answer.status_code == 200
    assert answer["Content-Security-Policy"]


def test_the_front_page_costs_at_most_five_queries(
    client: Client, world: World, django_assert_max_num_queries: object
) -> None:
    client.get("/")
    with django_assert_max_num_queries(5):  # type: ignore[operator]
        client.get("/")
