"""Where uploaded files live. `base.py` has the protocol; one file per implementation."""
