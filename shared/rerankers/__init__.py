"""What puts the best of the passages that a search found in front: a plug."""
