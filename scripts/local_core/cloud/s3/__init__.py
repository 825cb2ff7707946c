"""The S3 stand-in: moto behind a gate that does what moto leaves out."""
