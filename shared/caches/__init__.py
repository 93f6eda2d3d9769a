"""Values that may be lost. `base.py` has the protocol; one file per implementation."""
