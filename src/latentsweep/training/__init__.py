"""One run: build, fit, resume, show."""
