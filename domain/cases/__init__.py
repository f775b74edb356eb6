"""Cases: what a person at the operator must look at, whoever brought it up."""
