"""A board for tests: sshd, a nucleus's command, a journal, the Python of Debian for aarch64."""
