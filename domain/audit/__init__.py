"""The audit log, sealed: a chain of hashes over its rows, heads of it that are signed and published, and the check."""
