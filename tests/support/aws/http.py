"""One request of the stand-in: whose it is, which service it means, how it goes wrong, its answer."""

import http.client
import json
import re
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from support.aws.account import ACCESS_KEY, ACCOUNT, CALLER
from support.aws.components import RefusalError
from support.aws.faults import Fault
from support.aws.model import Call, ModelError

if TYPE_CHECKING:
    from support.aws.stand_in import GreengrassCloud, World

# AWS Signature Version 4: Credential=KEY/DATE/REGION/SERVICE/aws4_request.
_SCOPE = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/aws4_request, ?"
    r"SignedHeaders=.+Signature=\w{64}"
)
_PAGE = 3  # small, so that whoever asks for a list must ask for its pages
_LISTS = {
    "ListComponentVersions": "componentVersions",
    "ListDeployments": "deployments",
    "ListCoreDevices": "coreDevices",
    "ListEffectiveDeployments": "effectiveDeployments",
    "ListJobExecutionsForJob": "executionSummaries",
    "ListThingGroupsForThing": "thingGroups",
    "ListThingsInThingGroup": "things",
}
_NOT_PASSED_ON = {"host", "connection", "expect", "transfer-encoding"}
_XML_ERROR = "<Error><Code>{0}</Code><Message>{1}</Message></Error>"
_STS_ERROR = "<ErrorResponse><Error><Code>{0}</Code><Message>{1}</Message></Error></ErrorResponse>"
_IDENTITY = (
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    "<Arn>{0}</Arn><UserId>AIDAEXAMPLE</UserId><Account>{1}</Account>"
    "</GetCallerIdentityResult></GetCallerIdentityResponse>"
)


class Handler(BaseHTTPRequestHandler):
    """Serves one connection."""

    protocol_version = "HTTP/1.1"

    def __init__(self, cloud: "GreengrassCloud", *arguments: Any) -> None:
        self._cloud = cloud
        super().__init__(*arguments)

    def log_message(self, *_: object) -> None:
        """Not a line for each request."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        scope = _SCOPE.match(self.headers.get("Authorization", ""))
        if scope is None:
            self._cloud.wrong.append(f"{self.command} {self.path} is not signed")
            self._send(403, b"{}", {})
            return
        key, region, service = scope.groups()
        if key != ACCESS_KEY:
            self._send(
                403, _STS_ERROR.format("InvalidClientTokenId", "The security token is invalid.").encode(), {}
            )
        elif service == "sts":
            self._serve_sts()
        elif service == "s3":
            self._serve_s3(region, body)
        elif service == "cloudformation":
            self._serve_query(region, body)
        else:
            self._serve_rest_json(service, region, body)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _serve  # noqa: N815  http.server's names

    def _serve_sts(self) -> None:
        fault = self._cloud.faults.take("GetCallerIdentity")
        if fault:
            self._send(403, _STS_ERROR.format(fault.code, fault.message).encode(), {})
        else:
            self._send(200, _IDENTITY.format(CALLER, ACCOUNT).encode(), {"Content-Type": "text/xml"})

    def _serve_rest_json(self, service: str, region: str, body: bytes) -> None:
        api = self._cloud.apis[service]
        path, _, query = self.path.partition("?")
        operation = ""
        try:
            operation = api.operation_at(self.command, path)
            fault = self._cloud.faults.take(operation)
            _refuse(fault)
            call = api.read(self.command, path, query, body)
            with self._cloud.lock:
                document = _done(self._cloud.world(region), call)
            status, answer = api.answer(operation, document)
        except ModelError as error:
            # Either side is wrong; the test fails over it whatever becomes of this request.
            self._cloud.wrong.append(str(error))
            self._send(400, json.dumps({"message": str(error)}).encode(), _typed("ValidationException"))
        except RefusalError as error:
            status, answer = api.refusal(operation, error.code, error.members)
            self._send(status, answer, _typed(error.code))
        else:
            if fault:
                self.close_connection = True
            else:
                self._send(status, answer, {"Content-Type": "application/json"})

    def _serve_query(self, region: str, body: bytes) -> None:
        api = self._cloud.query_api
        operation = ""
        try:
            call = api.read(body)
            operation = call.operation
            fault = self._cloud.faults.take(operation)
            _refuse_query(fault)
            with self._cloud.lock:
                document = getattr(self._cloud.world(region).stacks, _snake_case(operation))(call.arguments)
            answer = api.answer(operation, document)
        except ModelError as error:
            self._cloud.wrong.append(str(error))
            status, answer = api.refusal(operation, "ValidationError", str(error))
            self._send(status, answer, {"Content-Type": "text/xml"})
        except RefusalError as error:
            status, answer = api.refusal(operation, error.code, str(error))
            self._send(status, answer, {"Content-Type": "text/xml"})
        else:
            if fault:
                self.close_connection = True
            else:
                self._send(200, answer, {"Content-Type": "text/xml"})

    def _serve_s3(self, region: str, body: bytes) -> None:
        bucket, _, key = self.path.partition("?")[0].lstrip("/").partition("/")
        operation = f"{self.command.title()}{'Object' if key else 'Bucket'}"
        fault = self._cloud.faults.take(operation)
        buckets = self._cloud.buckets
        home = buckets.regions.get(bucket)
        owner = self.headers.get("x-amz-expected-bucket-owner")
        if fault:
            code = fault.code.removesuffix("Exception")
            self._send(403, _XML_ERROR.format(code, fault.message).encode(), {"Content-Type": "text/xml"})
        elif owner and bucket in buckets.of_others:
            self._send(403, _XML_ERROR.format("AccessDenied", "Access Denied").encode(), {})
        elif home and home != region:
            moved = _XML_ERROR.format("PermanentRedirect", "The bucket must be addressed elsewhere.")
            self._send(301, moved.encode(), {"x-amz-bucket-region": home})
        else:
            self._pass_on(body, {"x-amz-bucket-region": home} if home else {})

    def _pass_on(self, body: bytes, extra: dict[str, str]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._cloud.buckets.store.port, timeout=30)
        try:
            headers = {
                name: value for name, value in self.headers.items() if name.lower() not in _NOT_PASSED_ON
            }
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
            kept = {
                name: value
                for name, value in answer.getheaders()
                if name.lower() not in {*_NOT_PASSED_ON, "content-length", *extra}
            }
        finally:
            connection.close()
        length = answer.getheader("Content-Length") if self.command == "HEAD" else None
        self._send(answer.status, content, kept | extra, length)

    def _send(self, status: int, body: bytes, headers: dict[str, str], length: str | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", length or str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _done(world: "World", call: Call) -> dict[str, Any]:
    """Do an operation; lists come in pages."""
    method = _snake_case(call.operation)
    part = world.components if hasattr(world.components, method) else world.fleet
    result = getattr(part, method)(call.arguments)
    if call.operation not in _LISTS:
        return dict(result)
    start = int(call.arguments.get("nextToken", "0"))
    page = {_LISTS[call.operation]: result[start : start + _PAGE]}
    return page | ({"nextToken": str(start + _PAGE)} if start + _PAGE < len(result) else {})


def _snake_case(operation: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()


def _refuse(fault: Fault | None) -> None:
    """Refuse a call that is to be refused, with what the error's shape demands besides a message."""
    if fault and fault.code:
        has_resource = fault.code in {"ConflictException", "ResourceNotFoundException"}
        members = {"resourceId": "scripted", "resourceType": "scripted"} if has_resource else {}
        raise RefusalError(fault.code, fault.message, **members)


def _refuse_query(fault: Fault | None) -> None:
    """Refuse a call that is to be refused; codes of the Query protocol have no ending."""
    if fault and fault.code:
        raise RefusalError(fault.code.removesuffix("Exception"), fault.message)


def _typed(code: str) -> dict[str, str]:
    return {"Content-Type": "application/json", "X-Amzn-ErrorType": code}
