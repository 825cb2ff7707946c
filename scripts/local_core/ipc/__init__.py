"""Greengrass IPC: AWS event-stream RPC over a Unix socket, the server's side."""
