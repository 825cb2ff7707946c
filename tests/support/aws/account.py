"""Whose account the stand-in of AWS is, and how its caller shows that."""

ACCOUNT = "123456789012"
CALLER = f"arn:aws:iam::{ACCOUNT}:user/operator"
ACCESS_KEY = "AKIAEXAMPLE000000001"
# Must be in nothing that anybody gets to see: tests look for them.
SECRET_KEY = "canary-of-the-secret-access-key"  # noqa: S105  no secret, see above
SESSION_TOKEN = "canary-of-the-session-token"  # noqa: S105  the same
