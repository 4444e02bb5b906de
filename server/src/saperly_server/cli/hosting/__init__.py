"""Running a server from the command line: its settings, place, port, database, keys and end."""
