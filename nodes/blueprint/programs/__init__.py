"""What surrounds programs that engineers write whole."""
