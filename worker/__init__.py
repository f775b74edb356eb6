"""The other way in: jobs, subscribers of events, and what is done every hour. One `Worker` an operator."""
