"""Tables of the kernel's sockets, as they were read in machines, and what a guest may make of them."""

from __future__ import annotations

from labyard.control.listening import listening

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
REST = " 00000000:00000000 00:00000000 00000000     0        0 9 1 0 100 0 0 10 0\n"


def line(address: str, port: int, state: str = "0A") -> str:
    far = "0" * len(address)
    return f"   0: {address}:{port:04X} {far}:0000 {state}{REST}"


def test_what_loopback_reaches_is_found() -> None:
    table = (
        HEAD
        + line("00000000", 80)
        + line("0100007F", 8080)
        + line("0100007F", 40000, "01")  # a connection
        + line("020010AC", 9090)  # 172.16.0.2 alone
        + line("3500007F", 53)  # 127.0.0.53 alone
    )
    assert listening(table) == {80, 8080}
    six = (
        HEAD + line("0" * 32, 443) + line("0" * 24 + "01000000", 3000) + line("0000000000000000FFFF00000100007F", 5000)
    )
    assert listening(six) == {443, 3000, 5000}


def test_what_is_not_understood_is_left_out() -> None:
    for text in (
        "",
        HEAD,
        "\x00" * 100,
        "   0: 00000000:0050",
        line("0", 80),
        "ü" * 1000,
        line("00000000", 80)[:20],
    ):
        assert listening(text) == frozenset()
