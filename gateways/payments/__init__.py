"""Payment providers behind `domain.payments.ports.PaymentGateway`. The built-in one is the sandbox."""
