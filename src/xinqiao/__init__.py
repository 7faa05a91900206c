"""Xinqiao (心桥): from a citizen's words to a lawful, rated answer."""
