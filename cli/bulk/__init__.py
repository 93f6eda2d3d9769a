"""Many files at once, for `rag ingest`: find, compare with what is stored, upload, reckon the cost."""
