"""What every context stands on: money, quantities, time, ids, access, errors, events, ports and the executor."""
