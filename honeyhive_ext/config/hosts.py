"""The IP address that a host is, however it is written. Pure."""

from __future__ import annotations

import ipaddress
import re

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NUMBER = re.compile(r"0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*")


def address_of(host: str) -> Address | None:
    """Return the address that a host is, as sockets read it, or None for a name.

    An IPv4 address may have fewer than four parts, and each may be decimal, hexadecimal or octal (inet_aton
    of POSIX). An IPv4 address inside an IPv6 one is itself. A zone is left out.

    Args:
        host: The host of a URL, an IPv6 address without brackets.

    >>> [str(address_of(host)) for host in ("127.1", "0x7f.1", "2130706433", "::ffff:127.0.0.1", "127.name")]
    ['127.0.0.1', '127.0.0.1', '127.0.0.1', '127.0.0.1', 'None']
    """
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return _of_numbers(host.lower().split("."))
    return getattr(address, "ipv4_mapped", None) or address


def _of_numbers(parts: list[str]) -> Address | None:
    if len(parts) > 4 or not all(map(_NUMBER.fullmatch, parts)) or max(map(len, parts)) > 64:
        return None
    *first, last = map(_number, parts)
    size = 4 - len(first)  # bytes of the last part
    if last >= 256**size or any(part > 255 for part in first):
        return None
    return ipaddress.IPv4Address(bytes(first) + last.to_bytes(size, "big"))


def _number(text: str) -> int:
    if text.startswith("0x"):
        return int(text, 16)
    return int(text, 8 if text.startswith("0") else 10)
