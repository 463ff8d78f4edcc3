"""Servers get free ports, their own when those are free."""

import socket

from config.embedded.ports import HIGHEST, HOST, LOWEST, choose_port


def test_a_free_port_is_kept() -> None:
    port = choose_port()
    assert choose_port(port) == port


def test_a_taken_port_is_replaced() -> None:
    with socket.create_server((HOST, 0)) as other:
        taken = other.getsockname()[1]
        chosen = choose_port(taken)
    assert chosen != taken
    assert LOWEST <= chosen <= HIGHEST


def test_a_port_already_given_to_another_server_is_replaced() -> None:
    port = choose_port()
    assert choose_port(port, avoid=[port]) != port
