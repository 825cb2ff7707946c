"""Folders whose files go to S3, each version once."""
