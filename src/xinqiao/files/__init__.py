"""Attachments and rendered papers: checked, encrypted, shown as derivatives."""
