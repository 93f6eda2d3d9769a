"""Secrets by name. `base.py` has the protocol; one file per implementation."""
