"""Where passages live and are searched. `base.py` has the protocol; one file per implementation."""
