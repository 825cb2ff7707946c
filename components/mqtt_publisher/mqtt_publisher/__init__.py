"""Reads a sensor source and publishes each reading to IoT Core."""
