"""The face of those who work eight hours a day with it: worklist, case file, entry. Views, forms, templates; no rules."""
