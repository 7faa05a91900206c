"""Placeholder until the browser fixtures come."""
