"""What tests stand on: a clock and ids of their own, a database each, and people made in a line."""
