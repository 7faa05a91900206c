"""The look shared by all faces: base pages, template tags, forms drawn from the law, static files. No models."""
