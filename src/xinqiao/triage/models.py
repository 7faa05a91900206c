"""Knowledge entries: answers that a clerk gives on the spot and a citizen reads before asking. Content classes."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models


class ContentClass(models.Model):
    """A class of content (内容分类): two digits a level. Our own numbering, imported as a table."""

    code = models.CharField(max_length=6, primary_key=True)
    name = models.CharField(max_length=60)
    parent_code = models.CharField(max_length=6, blank=True)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class KnowledgeEntry(models.Model):
    """A question with its answer in plain words, who is competent, and the basis."""

    slug = models.SlugField(max_length=60, unique=True)
    question = models.CharField(max_length=200)
    answer = models.TextField()
    keywords = models.TextField(blank=True)
    basis = models.TextField(blank=True)
    content_code = models.CharField(max_length=6, blank=True)
    area_code = models.CharField(max_length=12, blank=True)
    organ = models.ForeignKey("people.Organ", on_delete=models.PROTECT, null=True, related_name="+")
    public = models.BooleanField(default=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    search = SearchVectorField(null=True)

    class Meta:
        indexes = [GinIndex(fields=["search"], name="knowledge_search")]

    def __str__(self) -> str:
        return self.question
