"""`python -m s3_batch_uploader`: the component's process."""

from edge_common.runtime import run
from s3_batch_uploader.app import S3BatchUploader
from s3_batch_uploader.config import S3BatchUploaderConfig

if __name__ == "__main__":
    raise SystemExit(run("com.example.S3BatchUploader", S3BatchUploaderConfig, S3BatchUploader))
