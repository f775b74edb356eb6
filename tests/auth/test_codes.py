"""Sign-in codes, as they are derived and compared."""

from __future__ import annotations

import hashlib
import hmac
from uuid import UUID, uuid4

import pytest

from auth.codes import DerivedSignInCodes
from auth.derivation import derived_key
from tests.auth.support import SECRET

CODES = DerivedSignInCodes(SECRET, "norrsken")
CHALLENGE = UUID("019cadc6-9a80-7003-8409-f134c386bbc4")


def test_a_code_is_six_digits_and_the_same_in_every_process() -> None:
    codes = [CODES.code_of(uuid4()) for _ in range(500)]
    assert all(len(code) == 6 and code.isdecimal() and code.isascii() for code in codes)
    assert any(code.startswith("0") for code in codes), "small numbers keep their zeros"
    assert len(set(codes)) > 490
    assert CODES.code_of(CHALLENGE) == DerivedSignInCodes(SECRET, "norrsken").code_of(CHALLENGE)


def test_a_code_is_cut_as_rfc_4226_cuts() -> None:
    key = derived_key(SECRET, operator="norrsken", purpose="sign-in-codes")
    digest = hmac.new(key, CHALLENGE.bytes, hashlib.sha256).digest()
    start = digest[31] % 16
    number = (digest[start] % 128) * 2**24 + digest[start + 1] * 2**16 + digest[start + 2] * 2**8 + digest[start + 3]
    assert int(CODES.code_of(CHALLENGE)) == number % 1_000_000


@pytest.mark.parametrize("other", [DerivedSignInCodes(SECRET, "baltika"), DerivedSignInCodes(b"other" * 7, "norrsken")])
def test_another_operator_or_secret_has_other_codes_and_digests(other: DerivedSignInCodes) -> None:
    assert any(other.code_of(id) != CODES.code_of(id) for id in [uuid4() for _ in range(3)])
    assert other.digest_of("+46701740605") != CODES.digest_of("+46701740605")


def test_each_purpose_has_a_key_of_its_own() -> None:
    purposes = ["sign-in-codes", "phone-numbers", "signing-keys"]
    assert len({derived_key(SECRET, operator="norrsken", purpose=purpose) for purpose in purposes}) == 3


def test_only_the_code_itself_matches() -> None:
    code = CODES.code_of(CHALLENGE)
    assert CODES.matches(CHALLENGE, code)
    for n in range(1, 1000):
        assert not CODES.matches(CHALLENGE, f"{(int(code) + n) % 1_000_000:06}")


@pytest.mark.parametrize(
    "code",
    ["", "12345", "1234567", "\uff11\uff12\uff13\uff14\uff15\uff16", "abcdef", "null", " " * 6, "0" * 5000, "\ud800"],
)
def test_what_is_no_code_matches_nothing(code: str) -> None:
    assert not CODES.matches(CHALLENGE, code)


def test_a_code_with_something_around_it_is_another() -> None:
    code = CODES.code_of(CHALLENGE)
    for text in (f" {code}", f"{code}\n", f"0{code}", code.lstrip("0") + "\x00"):
        assert not CODES.matches(CHALLENGE, text)
