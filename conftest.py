"""Fixtures for every test, beside the apps and in tests/: database (tests/support/harness.py) and browser (browser.py)."""

pytest_plugins = ["tests.support.harness", "tests.support.browser", "tests.support.world"]
