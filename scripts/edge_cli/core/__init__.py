"""The local core as its user has it: the daemon, deployments and messages over the real protocols."""
