"""The demo district on the platform: users of every role and a story in it."""
