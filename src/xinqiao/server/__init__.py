"""The supervisor: an embedded PostgreSQL, the web, worker and stream processes, and what keeps them running."""
