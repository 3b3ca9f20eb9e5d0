"""Which address a host is, in each way to write one."""

from __future__ import annotations

import contextlib
import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext.config.base_url import normalised_base_url
from honeyhive_ext.config.hosts import address_of
from honeyhive_ext.config.secrets import Secret
from honeyhive_ext.config.settings import build_settings
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.http.proxies import is_bypassed
from honeyhive_ext.local.adapters.security import is_loopback


@st.composite
def written(draw: st.DrawFn) -> tuple[ipaddress.IPv4Address, str]:
    """An address, and one of the ways to write it: up to four numbers, each in one of three bases."""
    address = draw(st.ip_addresses(v=4))
    first = draw(st.integers(0, 3))
    numbers = [*address.packed[:first], int.from_bytes(address.packed[first:], "big")]
    forms = ("{}", "{:#x}", "{:#X}", "0{:o}", "0x000{:x}", "000{:o}")
    return address, ".".join(draw(st.sampled_from(forms)).format(number) for number in numbers)


@given(written())
def test_an_address_in_numbers_of_any_base_is_that_address(case: tuple[ipaddress.IPv4Address, str]) -> None:
    address, text = case
    assert address_of(text) == address
    with contextlib.suppress(ConfigError):  # four numbers with a zero before them are refused, as by httpx
        assert normalised_base_url(f"http://{text}:81", {}) == f"http://{address}:81"
    assert is_bypassed(text, 80, str(address))
    assert is_bypassed(str(address), 80, text)
    assert is_loopback(text) == address.is_loopback


@given(st.ip_addresses(v=6))
def test_an_ipv6_address_is_itself_or_the_ipv4_address_in_it(address: ipaddress.IPv6Address) -> None:
    assert address_of(address.exploded) == (address.ipv4_mapped or address)
    assert address_of(f"{address}%eth0") == (address.ipv4_mapped or address)


@pytest.mark.parametrize(
    "host",
    [
        *("", ".", "a", "0x", "0xg", "08", "1.2.3.4.5", "127..1", "127.1.", "256.1.1.1", "1.16777216"),
        *("4294967296", "-1", "+1", "1_0", "१", "1" * 5_000, "localhost", "127.0.0.1.example", "1.2.3.a"),
        *(" 127.1", "::g"),
    ],
)
def test_a_name_is_no_address(host: str) -> None:
    assert address_of(host) is None


@given(st.text(st.sampled_from("0123456789abcxX.:%[]- "), max_size=40))
def test_no_host_is_an_error(host: str) -> None:
    assert address_of(host) is None or str(address_of(host))


def test_clients_of_one_address_share_their_spans_however_it_is_written() -> None:
    urls = (
        "http://127.0.0.1:80",
        "http://127.1",
        "http://0x7f.1",
        "http://2130706433/",
        "http://[::ffff:7f00:1]",
    )
    made = [build_settings(api_key=Secret("hh_123"), base_url=url, environ={}) for url in urls]
    assert {settings.base_url for settings in made} == {"http://127.0.0.1"}
    assert len({settings.events.destination for settings in made}) == 1
