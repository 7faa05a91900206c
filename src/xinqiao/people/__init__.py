"""Accounts, organs, posts, areas, the identity vault, access to rows, the clock of this instance."""
