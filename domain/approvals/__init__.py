"""Approvals: a second person's yes before something takes effect."""
