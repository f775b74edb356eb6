"""GraphQL over HTTP: transport, documents and their limits, errors."""
