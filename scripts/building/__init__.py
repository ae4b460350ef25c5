"""Makes what is shipped or shown: the packages, the pictures, the tests' portraits."""
