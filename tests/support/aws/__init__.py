"""AWS for tests: the stand-in of its APIs, and what is in the account."""
