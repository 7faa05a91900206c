"""News without content: "something of organ N changed", once a second, to pages that listen."""
