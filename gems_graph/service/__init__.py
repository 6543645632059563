"""What is served over HTTP, as routes that any Starlette app can mount."""
