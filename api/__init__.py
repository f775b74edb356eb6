"""One way in: GraphQL over HTTP, and the routes that OAuth, webhooks and those who run it need."""
