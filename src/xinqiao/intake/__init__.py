"""Every channel ends here: one registered submission, one number, one private query code, one receipt."""
