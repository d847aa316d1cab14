"""The browser check: what a person would see, looked at inside the sandbox."""
