"""The server of a fleet over HTTP. Only what is here imports a web framework."""
