"""At-least-once messages. `base.py` has the protocol; one file per implementation."""
