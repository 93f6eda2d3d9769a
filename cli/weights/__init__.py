"""Preparing the local embedder's weights: `prepare`, called by `rag weights`, `make up` and tests."""

from cli.weights.prepare import prepare

__all__ = ["prepare"]
