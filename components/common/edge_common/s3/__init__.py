"""Objects in S3, each put once; the only package on the device that imports the AWS SDK (botocore).

A put names an object by what it holds (`content_key`, `file_key`) and asks S3 to take it only when there is
none of that name (`If-None-Match: *`), with a SHA-256 that S3 verifies. So a repeat, whatever became of the
first try, ends in success (412: it is there) and never in a second object or an overwritten one, and the
component needs no permission but s3:PutObject and s3:AbortMultipartUpload.

Every call ends in one of these ways:

- it returns: S3 has the whole object;
- `TransientError`: it may work later; its code says why. Throttling and 5xx, with what Retry-After asks; a
  lost or cut connection; no whole answer in time, however it trickles; bytes changed on the way; a clock that
  is off; no credentials for now; an answer that is not S3's;
- `RefusedError`, a TransientError: a person must act (no such bucket, no grant, wrong region, keys that
  nobody knows, a request that this bucket does not take);
- `PermanentError`: this object is never taken: it is too large (code "too_large"), its file has changed or
  cannot be read, or its key is none.

Credentials come from the core's token exchange. They are fetched when there are none, when they end soon and
when S3 refuses them: at most six times in any minute, the first four within ten seconds. So an expiry is over
within five seconds of new ones being there when they come within ten, and within 17 when they come later.
When S3 refuses them in the middle of an upload, the part goes again with new ones and the upload goes on.

Modules, from the outside in:
    gateway      what a component uses: `S3Gateway`
    keys         the names of objects
    multipart    one large file on its way; `unfinished`: those that go on later
    requests     one request: its thread, its credentials, its error
    attempt      the end of one that takes too long: its connection is cut
    client       the SDK's client, set up
    credentials  the token exchange, and `fetch_limit`: how often it is asked
    translation  the SDK's errors in our words, by the table in `answers`; `failures` has what stays inside
    endpoint     bucket, region and endpoint, checked before anything is opened; the rules of their names
    checksums    SHA-256 as S3 writes it
    timing       time-outs

Threads: whoever calls, and one for each request while it is under way.
"""

from edge_common.s3.endpoint import bucket_fault, region_fault
from edge_common.s3.gateway import PART_BYTES, Placed, S3Gateway
from edge_common.s3.keys import check_key, content_key, file_key
from edge_common.s3.multipart import OnProgress
from edge_common.s3.timing import Timeouts

__all__ = [
    "PART_BYTES",
    "OnProgress",
    "Placed",
    "S3Gateway",
    "Timeouts",
    "bucket_fault",
    "check_key",
    "content_key",
    "file_key",
    "region_fault",
]
