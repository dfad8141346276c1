"""Entity tags: optimistic changes by ``If-Match`` (RFC 9110 section 13.1.1)."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Header

from knowledge.errors import InputError

_TAG = re.compile(r'(?:W/)?"(\d{1,9})"')

IfMatch = Annotated[
    str | None, Header(max_length=100, description="The ETag of the state that is to be changed, or `*` for any.")
]


def expected_version(if_match: str | None) -> int | None:
    """Return the version a caller expects, None for any; raises InputError for what is no ETag of ours."""
    if if_match is None or if_match.strip() == "*":
        return None
    found = _TAG.fullmatch(if_match.strip())
    if found is None:
        raise InputError(
            f"If-Match is {if_match[:40]!r}; expected an ETag that this server gave, such as '\"3\"', or '*'.",
            field="If-Match",
        )
    return int(found[1])


def etag(version: int) -> str:
    """Return a strong entity tag."""
    return f'"{version}"'
