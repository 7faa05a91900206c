"""Views of the desk, a module a subject. No rules here: what may be done comes from the law through cases."""
