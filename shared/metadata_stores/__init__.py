"""The authority on documents and users. `base.py` has the protocol; one file per implementation."""
