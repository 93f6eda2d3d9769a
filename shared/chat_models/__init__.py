"""What writes the answer. `base.py` has the protocol; one file per implementation."""
