"""Suggestions with reasons, which a person takes or corrects: the competent organ, knowledge beside the clerk."""
