"""The standalone host: uvicorn for HTTP, and loops that fire the triggers."""
