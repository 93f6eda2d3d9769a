"""The weights for hosts that the tests of the first hour start."""

from tests.stand_ins.weights import multilingual_weights, weights

__all__ = ["multilingual_weights", "weights"]
