"""The campaign, what it finds, and what one asks of it: `python3 -m orchestrate.campaign`, `python3 -m orchestrate.repro`."""
