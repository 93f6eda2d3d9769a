"""From a blob to searchable passages."""
