"""Adjustments: staff correct a balance, with a reason (TMF654)."""
