"""What the suites stand on: the real application, servers from Debian, and a customer who uses the API."""
