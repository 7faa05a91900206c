"""The database backend: Django's own for PostgreSQL, see base.py."""
