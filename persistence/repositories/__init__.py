"""The write road: what use cases load, decide on, and keep. One module a context."""
