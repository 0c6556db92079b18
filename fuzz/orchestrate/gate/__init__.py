"""The gate: judges a change by evidence alone. tests/gate is the command."""
