"""How an article is named to a reader: 「《信访工作条例》第二十三条第三款」."""

from functools import lru_cache

from django.utils.translation import get_language, gettext

from xinqiao import law


def cite_words(cite: str) -> str:
    """A cite like "xinfang-2022:23(3)" in the reader's words; the bare cite when no act holds it."""
    return _cite_words(cite, get_language() or "")


@lru_cache(maxsize=2048)  # a page of a matter names some thirty
def _cite_words(cite: str, _language: str) -> str:
    try:
        article = law.article(cite)
    except KeyError:
        return cite
    act = gettext("《%(act)s》") % {"act": gettext(article.act_title)}
    if not article.title:
        return act
    return gettext("%(act)s%(article)s") % {"act": act, "article": gettext(article.title)}


def article_words(cite: str) -> str:
    """The text of an article; '' when no act holds it."""
    try:
        return law.article(cite).text
    except KeyError:
        return ""
