"""The logs of a core or a device: read, merged by time, followed, shown."""
