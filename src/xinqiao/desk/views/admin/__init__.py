"""Administration of the instance, for administrators only; nobody else finds any of it."""
