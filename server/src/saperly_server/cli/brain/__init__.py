"""A manual brain on this machine: it holds the connection's socket, and asks a file, a command or a URL."""
