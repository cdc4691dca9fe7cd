from __future__ import annotations

import ipaddress

import pytest

from labyard.errors import RepositoryError
from labyard.repositories.address import GitAddress, parse_address
from labyard.repositories.reach import is_public, reachable
from labyard.repositories.tree import Blob, choices, read_listing


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://example.org/a/b", GitAddress(host="example.org", port=443, path="/a/b")),
        ("  https://Example.ORG/a/b.git/ ", GitAddress(host="example.org", port=443, path="/a/b.git")),
        ("https://example.org:3000/a#v1.2", GitAddress(host="example.org", port=3000, path="/a", ref="v1.2")),
        (
            "https://example.org/a#feature/x:labs/one",
            GitAddress(host="example.org", port=443, path="/a", ref="feature/x", folder="labs/one"),
        ),
        ("https://example.org/a#:labs/", GitAddress(host="example.org", port=443, path="/a", folder="labs")),
        ("https://example.org/a:labs/one", GitAddress(host="example.org", port=443, path="/a", folder="labs/one")),
        ("https://[2001:db8::1]:8443/a", GitAddress(host="2001:db8::1", port=8443, path="/a")),
        ("https://192.0.2.7/a", GitAddress(host="192.0.2.7", port=443, path="/a")),
    ],
)
def test_what_is_an_address(text: str, address: GitAddress) -> None:
    assert parse_address(text) == address
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.org/a",
        "http://example.org/a",
        "git://example.org/a",
        "ssh://git@example.org/a",
        "git@example.org:a/b",
        "file:///etc/passwd",
        "ext::sh -c touch%20/tmp/x",
        "HTTPS://example.org/a",
        "https://",
        "https://example.org",
        "https://example.org/",
        "https://me:secret@example.org/a",
        "https://example.org@127.0.0.1/a",
        "https://example.org:0/a",
        "https://example.org:65536/a",
        "https://example.org:٣/a",
        "https://example.org:+1/a",
        "https://-example.org/a",
        "https://exam_ple.org/a",
        "https://0x7f.1/a",
        "https://2130706433/a",
        "https://127.1/a",
        "https://[::1/a",
        "https://[::1%25lo]/a",
        "https://[127.0.0.1]/a",
        "https://example.org/../a",
        "https://example.org/a?x=1",
        "https://example.org/%2e%2e/a",
        "https://example.org/a b",
        "https://example.org/a\nb",
        "https://example.org/ä",
        "https://example.org/a#--upload-pack=x",
        "https://example.org/a#a..b",
        "https://example.org/a#a@{1}",
        "https://example.org/a#x:../y",
        "https://example.org/a#x:/.git/config",
        "https://example.org/a#a b",
        "https://example.org/a#a+b:c:d\\e",
        "https://example.org/" + "a" * 2000,
    ],
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(RepositoryError) as refused:
        parse_address(text)
    assert refused.value.hint


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("1.1.1.1", True),
        ("2606:4700:4700::1111", True),
        ("::ffff:1.1.1.1", True),
        *(
            (inside, False)
            for inside in (
                "0.0.0.0", "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
                "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fc00::1",
                "fd00:ec2::254", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
                "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::", "2001:0:4136:e378::1",
            )
        ),
    ],
)  # fmt: skip
def test_which_addresses_are_everybodys(address: str, public: bool) -> None:
    assert is_public(ipaddress.ip_address(address)) is public


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "10.0.0.1", "169.254.169.254"])
async def test_nothing_inside_is_reached(host: str) -> None:
    with pytest.raises(RepositoryError, match="not on the public internet"):
        await reachable(host, 443, ())


async def test_a_network_may_be_allowed() -> None:
    inside = (ipaddress.ip_network("127.0.0.0/8"),)
    assert await reachable("127.0.0.1", 443, inside) == ("127.0.0.1",)
    with pytest.raises(RepositoryError):
        await reachable("10.0.0.1", 443, inside)


async def test_a_name_that_is_none() -> None:
    with pytest.raises(RepositoryError, match="has no address"):
        await reachable("nothing.invalid", 443, ())


def test_a_listing() -> None:
    told = (
        b"100644 blob aaaa     12\tlabs/index.md\x00100755 blob bbbb      3\tlabs/run.sh\x00120000 blob cccc   7\tlabs/link\x00"
        b"160000 commit dddd       -\tmodule\x00100644 blob eeee  1\t.gitmodules\x00100644 blob ffff  1\ta/../b\x00"
    )
    listing = read_listing(told)
    assert listing.blobs == (
        Blob(path="labs/index.md", object="aaaa", size=12),
        Blob(path="labs/run.sh", object="bbbb", size=3),
    )
    assert listing.left_out == 4


def test_choices_are_whole_pieces() -> None:
    paths = (
        "course/index.md",
        "course/010.a/0.index.md",
        "course/010.a/010.b/index.md",
        "lan/manifest.yaml",
        "README.md",
    )
    assert choices(Blob(path=path, object="a", size=1) for path in paths) == ("course", "lan")
