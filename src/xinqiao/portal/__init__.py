"""The citizen's face: say it, get a receipt, follow it, judge it."""
