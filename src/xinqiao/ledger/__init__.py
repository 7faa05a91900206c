"""The case file's memory: entries that are only ever added, chained by hash."""
