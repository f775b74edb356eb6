"""Who is asking: sign-in codes, signing keys, tokens, the authorization server and the authenticator."""
