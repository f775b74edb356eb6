"""Staff, how they find a customer, and how they act on a customer's behalf, visibly."""
