"""What a running development server shows: a banner, then a line, or a JSON object, for everything that happens."""
