"""What is raised inside this package only, and what becomes of it there."""

from edge_common.errors import EdgeError, TransientError


class CredentialsRefusedError(TransientError):
    """S3 does not take these credentials, and may take others; stays inside this package.

    Its code says why: "expired_token" passes with the next credentials, the others may not.
    """


class AlreadyThereError(EdgeError):
    """There is an object of this key, or this bucket of ours, already; stays inside this package."""


class UploadLostError(TransientError):
    """The parts of an upload are gone or not as they were sent: it begins anew; stays inside this package."""
