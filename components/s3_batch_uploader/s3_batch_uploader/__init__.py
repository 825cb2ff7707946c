"""Uploads readings to S3 in batches, and keeps folders in sync with it."""
