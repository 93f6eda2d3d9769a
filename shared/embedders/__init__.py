"""Texts to vectors. `base.py` has the protocol; one file per implementation."""
