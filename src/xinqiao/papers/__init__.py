"""Official papers: one content, drawn as PDF and as DOCX after GB/T 9704. Pure: no models, no time of day.

`compose(kind, facts)` words a paper, `render_pdf` and `render_docx` draw it. The keys that each kind needs stand in
`xinqiao.papers.facts`.
"""

from xinqiao.papers.compose import KINDS, compose, document_number, paper_label
from xinqiao.papers.model import Because, Bullets, Cell, Form, Grid, Heading, Paper, Para, Row, Ticket
from xinqiao.papers.pdf import render_pdf, render_pictures
from xinqiao.papers.reading import MissingFact

__all__ = [
    "KINDS",
    "Because",
    "Bullets",
    "Cell",
    "Form",
    "Grid",
    "Heading",
    "MissingFact",
    "Paper",
    "Para",
    "Row",
    "Ticket",
    "compose",
    "document_number",
    "paper_label",
    "render_docx",
    "render_pdf",
    "render_pictures",
]


def render_docx(paper: Paper) -> bytes:
    """The paper as DOCX, to be worked on in a word processor."""
    from xinqiao.papers import word  # the writer weighs 10 MB: only where a DOCX is asked for

    return word.render_docx(paper)
