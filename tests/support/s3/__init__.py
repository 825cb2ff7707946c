"""S3 for tests: servers, proxies, credentials."""
