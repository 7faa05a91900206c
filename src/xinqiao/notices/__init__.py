"""Messages to people: queued with the step that causes them, kept until delivered."""
