"""Heads of the audit log, signed: a line of JSON each, a JWS in its flattened JSON serialization (RFC 7515, 7.2.2)."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from auth.headers import ALGORITHM, headers_of
from auth.keys import KeyRing
from domain.audit.heads import BrokenHeads, Head
from domain.operators.operator import Operator

TYPE: Final = "kontant-audit-head"
"""So that nothing else which the operator's key has signed passes for a head, nor a head for anything else."""


_HEADERS: Final = headers_of(TYPE)


class SignedHeads:
    """A `HeadSigner` with the operator's signing keys. Keys that sign no more must still be found for reading."""

    def __init__(self, operator: Operator, keys: KeyRing) -> None:
        self._operator, self._keys = operator, keys

    async def sign(self, head: Head, /) -> str:
        """The head as one line. Raises what loading the keys raises."""
        await self._keys.load()
        key = self._keys.signing_key
        payload = {
            "operator": self._operator.slug,
            "sequence": head.sequence,
            "hash": head.hash.hex(),
            "at": head.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "marks": base64.b64encode(head.marks).decode(),
        }
        protected = {"alg": ALGORITHM, "typ": TYPE, "kid": key.kid}
        signed = jws.serialize_json({"protected": protected}, json.dumps(payload), key, registry=_HEADERS)
        return json.dumps(signed, separators=(",", ":"))

    async def read(self, line: str, /) -> Head | None:
        """The head in a line; None where it is no JSON. Raises `BrokenHeads`, and what loading the keys raises."""
        try:
            value: Any = json.loads(line)
        except (ValueError, RecursionError):
            return None
        await self._keys.load()
        try:
            return self._verified(value)
        except (JoseError, ValueError, TypeError, LookupError, AttributeError):
            raise BrokenHeads("a line is not a head that this operator has signed") from None

    def _verified(self, value: Any) -> Head:
        # Only what is signed is taken: no unprotected header, and of the protected ones those of the registry.
        flattened: jws.FlattenedJSONSerialization = {
            "protected": value["protected"],
            "payload": value["payload"],
            "signature": value["signature"],
        }
        verified = jws.deserialize_json(flattened, self._key_of, registry=_HEADERS)
        said = json.loads(verified.payload)
        if said["operator"] != self._operator.slug:
            raise ValueError("must be a head of this operator's")
        return Head(
            sequence=int(said["sequence"]),
            hash=bytes.fromhex(said["hash"]),
            at=datetime.fromisoformat(said["at"]),
            marks=base64.b64decode(said["marks"], validate=True),
        )

    def _key_of(self, member: Any) -> ECKey:
        key = self._keys.find_of_any_age(member.headers()["kid"])
        if key is None:
            raise ValueError("must be signed with one of the operator's keys")
        return key
