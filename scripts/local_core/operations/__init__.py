"""What each IPC operation does; one module for each family of operations."""
