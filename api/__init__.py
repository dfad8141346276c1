"""How the world reaches us: the HTTP API, the chat page and the command line."""
