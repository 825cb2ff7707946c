"""Which AWS services our code makes clients of: botocore's models of all others stay behind. Pure; no I/O."""

import ast

_MAKERS = {"client", "create_client"}  # boto3.Session.client, boto3.client; botocore's Session.create_client


def services_used(source: bytes) -> tuple[set[str], list[int]]:
    """Read one file of ours.

    Returns:
        Names of services as botocore has them, and the lines of calls whose service is no literal.

    >>> services_used(b"client = session.create_client('s3', region_name=region)")
    ({'s3'}, [])
    """
    services: set[str] = set()
    unclear: list[int] = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Attribute(attr=made), args=args, keywords=keywords) if made in _MAKERS:
                named = [k.value for k in keywords if k.arg == "service_name"] or args[:1]
                match named:
                    case [ast.Constant(value=str(service))]:
                        services.add(service)
                    case _:
                        unclear.append(node.lineno)
    return services, unclear
