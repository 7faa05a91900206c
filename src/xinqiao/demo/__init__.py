"""The demonstration: a district with invented staff and matters, replayed through the real services. No models."""
