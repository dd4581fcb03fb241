"""What is held, verified, signed and left to do, by noun."""
