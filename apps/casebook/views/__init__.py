"""Pages about subjects and records, by noun."""
