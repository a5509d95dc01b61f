"""What came in: received, profiled, mapped, checked, mended, accepted."""
