"""The programs' face: /api/v1. Reads through selectors, writes through services, holds no rules of its own."""
