"""The bucket for artifacts: is it there, is it ours, is it in the right region; and putting things in."""

import base64
import hashlib

from edge_cli.errors import CommandError
from edge_cli.fleet.aws import Aws, AwsError
from edge_cli.fleet.aws_errors import DENIED
from edge_cli.fleet.release import Upload

_MOVED = frozenset(
    {"301", "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}
)


def check(aws: Aws, bucket: str) -> None:
    """Make sure that artifacts can go there.

    Raises:
        CommandError: It is missing, somebody else's, or in another region.
    """
    try:
        answer = aws.call("s3", "head_bucket", Bucket=bucket, ExpectedBucketOwner=aws.account)
    except AwsError as error:
        if error.is_absent:
            raise CommandError(
                f"There is no bucket {bucket}. `scripts/edge cloud up` creates the one that the project "
                f"uses, `aws s3 mb s3://{bucket} --region {aws.region}` any other; or name the one that "
                "artifacts go to: --bucket NAME"
            ) from None
        if error.code in _MOVED:
            raise CommandError(_elsewhere(aws, bucket, "another region")) from None
        if error.code in DENIED:
            raise CommandError(
                f"{error} Or the bucket {bucket} is not of account {aws.account}: then name another one "
                "with --bucket."
            ) from None
        raise
    found = answer.get("BucketRegion") or aws.region
    if found != aws.region:
        raise CommandError(_elsewhere(aws, bucket, found))


def put(aws: Aws, bucket: str, upload: Upload) -> bool:
    """Upload an artifact that is not there yet; S3 refuses it when a byte of it is another one by then.

    Returns:
        Whether it was uploaded; False when the very same object was there.

    Raises:
        CommandError: It was refused, or what is there is something else.
    """
    digest = base64.b64encode(bytes.fromhex(upload.sha256)).decode()
    try:
        aws.call(
            "s3",
            "put_object",
            Bucket=bucket,
            Key=upload.key,
            Body=upload.file.read_bytes(),
            ChecksumSHA256=digest,
            IfNoneMatch="*",
            ContentType="application/zip",
            ExpectedBucketOwner=aws.account,
        )
    except AwsError as error:
        if error.code in {"BadDigest", "InvalidRequest", "XAmzContentChecksumMismatch"}:
            raise CommandError(
                f"S3 refuses {upload.file}: it is not what it was when it was checked ({error}). "
                "Build it again: scripts/edge build"
            ) from None
        if error.code not in {"PreconditionFailed", "412"}:
            raise
    else:
        return True
    there = aws.read_object(bucket, upload.key)
    if hashlib.sha256(there).hexdigest() != upload.sha256:
        raise CommandError(
            f"s3://{bucket}/{upload.key} differs from {upload.file}: somebody has replaced it. "
            f"Inspect it, then delete it: aws s3 rm s3://{bucket}/{upload.key}"
        )
    return False


def _elsewhere(aws: Aws, bucket: str, found: str) -> str:
    return (
        f"The bucket {bucket} is in {found}, the components go to {aws.region}. Greengrass takes artifacts "
        f"from its own region only: name another bucket (--bucket) or another region (--region)."
    )
