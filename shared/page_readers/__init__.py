"""Pages that are pictures, read. `base.py` has the protocol; one file per implementation."""
