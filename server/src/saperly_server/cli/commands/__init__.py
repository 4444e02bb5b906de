"""One small module for each group of commands. They import what they need when they run, so that `--help` is quick."""
