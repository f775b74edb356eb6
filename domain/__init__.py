"""What is true: rules, use cases, events and errors, one folder a context. No framework, no input or output."""
