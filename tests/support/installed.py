"""Libraries as an installer leaves them in a folder: files, and what is recorded of them."""

import hashlib
from base64 import urlsafe_b64encode
from pathlib import Path


def install(folder: Path, files: dict[str, bytes], name: str = "lib") -> Path:
    """Write files, those of one library, with their digests in its RECORD.

    Args:
        folder: Of all libraries.
        files: Path in it -> bytes.
        name: Of the library.

    Returns:
        The folder.
    """
    info = f"{name}-1.dist-info"
    all_files = {
        f"{info}/METADATA": f"Name: {name}\nVersion: 1\n".encode(),
        f"{info}/WHEEL": b"Tag: py3-none-any\n",
        **files,
    }
    for path, body in all_files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(body)
    lines = [f"{path},sha256={_digest(body)},{len(body)}\n" for path, body in all_files.items()]
    (folder / info / "RECORD").write_text("".join([*lines, f"{info}/RECORD,,\n"]))
    return folder


def _digest(body: bytes) -> str:
    return urlsafe_b64encode(hashlib.sha256(body).digest()).decode().rstrip("=")
