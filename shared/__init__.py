"""What the product does, free of HTTP and of any vendor. docs/architecture.md has the map."""

__version__ = "0.1.0"
