"""What a request costs, against the least that it could cost. `python -m bench --help`."""
