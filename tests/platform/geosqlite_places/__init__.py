"""Tables with shapes that only the tests of the store have."""
