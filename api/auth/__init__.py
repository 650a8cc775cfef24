"""Who is at the door: sign-in, sessions, tokens, limits and the audit log of a server."""
