"""What is outside or heavy: adapters of the domain's ports, a folder for each context."""
