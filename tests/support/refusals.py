"""Expecting the errors of the AWS SDK, whose texts stand in `message` and not in `str(error)`."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest


@contextmanager
def refused(kind: type[Exception], words: str = "") -> Iterator[Any]:
    """The block must raise `kind` with a message in which the regular expression `words` is found.

    Yields:
        Filled with the error when the block is left: `value.message`, `value.resource_type` and the like.
    """
    with pytest.raises(kind) as raised:
        yield raised
    error: Any = raised.value
    assert re.search(words, error.message), error.message
