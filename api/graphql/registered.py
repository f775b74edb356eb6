"""Registered documents: the manifests that clients' builds write, one folder a client.

`@graphql-codegen` calls the file `persisted-documents.json`, Relay `persisted_queries.json`. Both are an object of ids
and texts, and so may be any other `.json` there.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import orjson

SHA256: Final = "sha256:"
MOST_BYTES: Final = 10_000_000


class ManifestError(Exception):
    """Manifests are wrong: a line for each thing that is, which begins with file and entry."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Registered:
    """A document that a client's build registered."""

    client: str
    file: str
    id: str
    """As it stands in the manifest."""
    text: str

    @property
    def where(self) -> str:
        """File and entry, for who has to mend it."""
        return f"{self.client}/{self.file}: {self.id}"

    @property
    def ids(self) -> frozenset[str]:
        """What a request may call it."""
        return frozenset({self.id, digest_id(self.text)})


def digest_id(text: str) -> str:
    """The id by content, as GraphQL over HTTP writes it."""
    return SHA256 + hashlib.sha256(text.encode()).hexdigest()


def read_manifests(folder: Path) -> list[Registered]:
    """All documents of all clients below this folder. Raises `ManifestError`."""
    found: list[Registered] = []
    problems: list[str] = []
    try:
        files = sorted(file for client in folder.iterdir() for file in client.glob("*.json"))
    except OSError as failure:
        raise ManifestError([f"{folder}: cannot be read: {failure.strerror}"]) from None
    if not files:
        raise ManifestError([f"{folder}: there is no manifest; they are looked for as CLIENT/persisted-documents.json"])
    for file in files:
        try:
            found += _entries(file)
        except ManifestError as wrong:
            problems += wrong.problems
    if problems:
        raise ManifestError(problems)
    return found


def _entries(file: Path) -> list[Registered]:
    client, name = file.parent.name, file.name
    entries: list[Registered] = []
    problems: list[str] = []
    for document_id, text in _read(file).items():
        if not isinstance(text, str):
            problems.append(f"{client}/{name}: {document_id}: the document must be a string")
            continue
        entry = Registered(client, name, document_id, text)
        if document_id.startswith(SHA256) and document_id != digest_id(text):
            problems.append(f"{entry.where}: this is not the SHA-256 of the document")
        entries.append(entry)
    if problems:
        raise ManifestError(problems)
    return entries


def _read(file: Path) -> dict[str, Any]:
    where = f"{file.parent.name}/{file.name}"
    try:
        if file.stat().st_size > MOST_BYTES:
            raise ManifestError([f"{where}: is larger than {MOST_BYTES} bytes"])
        manifest = orjson.loads(file.read_bytes())
    except OSError as failure:
        raise ManifestError([f"{where}: cannot be read: {failure.strerror}"]) from None
    except orjson.JSONDecodeError:
        raise ManifestError([f"{where}: is not JSON"]) from None
    if not isinstance(manifest, dict):
        raise ManifestError([f"{where}: must be an object of ids and documents"])
    return cast("dict[str, Any]", manifest)
