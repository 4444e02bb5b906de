"""Programs for people who work on this repository. Run them from its root."""
