"""Zstandard (RFC 8878) for the payload of a frame.

Owns the one import of zstandard. Its contexts are not thread-safe, so each call makes its own; that costs
microseconds beside a commit.
"""

import zstandard

# Level 3 and trained dictionaries measured no smaller on JSON readings than level 1, and slower.
_LEVEL = 1


class CompressionError(ValueError):
    """These bytes are no zstd frame of the size that was promised."""


def compress(content: bytes) -> bytes:
    """One zstd frame of `content`."""
    return zstandard.ZstdCompressor(level=_LEVEL, write_content_size=True).compress(content)


def decompress(content: bytes, size_bytes: int) -> bytes:
    """The `size_bytes` that were compressed; never makes more of them, whatever `content` says.

    Raises:
        CompressionError: `content` is no zstd frame of exactly that size.
    """
    try:
        if zstandard.frame_content_size(content) != size_bytes:
            raise CompressionError("a zstd frame of another size")
        return zstandard.ZstdDecompressor().decompress(content, max_output_size=size_bytes)
    except zstandard.ZstdError as error:
        raise CompressionError(str(error)) from error
