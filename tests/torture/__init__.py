"""Trials that try to break the program; `python -m tests.torture` runs them and prints a table."""
