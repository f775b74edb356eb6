"""What a head vouches for."""

from __future__ import annotations

from uuid import UUID

from domain.audit.chain import Seal
from domain.audit.heads import head_over
from tests.support.time import START


def a_seal(sequence: int, hash: bytes) -> Seal:
    return Seal(sequence, UUID(int=sequence), sequence, hash)


def test_a_head_vouches_for_its_hash_whole_and_for_those_before_it_by_their_beginnings() -> None:
    seals = [a_seal(n, bytes([n]) * 32) for n in (4, 5, 6)]
    head = head_over(seals, START)
    assert (head.after, head.sequence, head.hash) == (3, 6, seals[-1].hash)
    assert all(head.agrees_with(seal) for seal in seals)
    assert not head.agrees_with(a_seal(5, bytes([9]) * 32))
    assert not head.agrees_with(a_seal(6, bytes([6]) * 31 + b"\0"))
