"""Where heads of the audit log are published."""
