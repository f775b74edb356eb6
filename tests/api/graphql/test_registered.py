"""Registered documents: read and checked at start, called by their ids, and all that there is if so configured."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from api.graphql.registered import ManifestError, Registered, read_manifests
from tests.api.graphql.client import Reply, code_of, send
from tests.api.graphql.toy import Toy

HELLO = "query Hello { hello }"
ECHO = "query Echo($text: String!) { echo(text: $text) }"
RENAME = 'mutation Rename { rename(input: {name: "x"}) }'
DIGEST = sha256(HELLO.encode()).hexdigest()


def written(folder: Path, client: str, entries: object, name: str = "persisted-documents.json") -> None:
    (folder / client).mkdir(exist_ok=True)
    (folder / client / name).write_text(entries if isinstance(entries, str) else json.dumps(entries))


@pytest.fixture
def registered(tmp_path: Path) -> list[Registered]:
    written(tmp_path, "app", {"1a2b": HELLO, f"sha256:{sha256(ECHO.encode()).hexdigest()}": ECHO})
    written(tmp_path, "web", {"c0ffee": HELLO, "beef": RENAME}, "persisted_queries.json")
    return read_manifests(tmp_path)


async def ask(registered: list[Registered], only: bool = False, **body: Any) -> Reply:
    endpoint = Toy().endpoint(registered=registered, registered_only=only)
    return await send(endpoint, body=json.dumps(body).encode())


@pytest.mark.parametrize("only", [False, True])
@pytest.mark.parametrize(
    "body",
    [
        {"documentId": "1a2b"},
        {"documentId": "c0ffee"},
        {"documentId": f"sha256:{DIGEST}"},
        {"documentId": "1a2b", "operationName": "Hello"},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": DIGEST}}},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "1a2b"}}},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": DIGEST}}, "query": HELLO},
        {"query": HELLO},
    ],
)
async def test_a_document_is_called_by_any_of_its_names(
    registered: list[Registered], only: bool, body: dict[str, Any]
) -> None:
    assert (await ask(registered, only, **body)).json["data"] == {"hello": "world"}


async def test_variables_come_with_the_id_and_are_checked(registered: list[Registered]) -> None:
    id = registered[1].id

    assert (await ask(registered, documentId=id, variables={"text": "a"})).json["data"] == {"echo": "a good 0"}
    assert code_of(await ask(registered, documentId=id)) == "BAD_USER_INPUT"


async def test_an_id_may_stand_in_the_address_but_not_of_a_mutation(registered: list[Registered]) -> None:
    endpoint = Toy().endpoint(registered=registered)
    apollo = quote(json.dumps({"persistedQuery": {"version": 1, "sha256Hash": DIGEST}}))

    for query_string in ("documentId=1a2b", f"extensions={apollo}"):
        reply = await send(endpoint, method="GET", query_string=query_string, content_type=None)
        assert reply.json["data"] == {"hello": "world"}
    assert (await send(endpoint, method="GET", query_string="documentId=beef", content_type=None)).status == 405


@pytest.mark.parametrize("only", [False, True])
@pytest.mark.parametrize("id", ["", "unknown", "sha256:" + "0" * 64, DIGEST, "1A2B", "../app/1a2b"])
async def test_an_id_that_nobody_registered_is_not_found(registered: list[Registered], only: bool, id: str) -> None:
    assert code_of(await ask(registered, only, documentId=id)) == "DOCUMENT_NOT_FOUND"
    apollo = {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}
    reply = await ask(registered, only, extensions=apollo)
    assert code_of(reply) == "PERSISTED_QUERY_NOT_FOUND"
    assert reply.json["errors"][0]["message"] == "PersistedQueryNotFound"


@pytest.mark.parametrize("id", [1, [], {}, True])
async def test_an_id_is_a_string(registered: list[Registered], id: object) -> None:
    assert code_of(await ask(registered, documentId=id)) == "BAD_REQUEST"
    for apollo in (id, {"version": 1}, {"version": 1, "sha256Hash": id}):
        assert code_of(await ask(registered, extensions={"persistedQuery": apollo})) == "BAD_REQUEST"


async def test_what_is_not_registered_may_be_sent_with_its_text(registered: list[Registered]) -> None:
    bodies: list[dict[str, Any]] = [
        {},
        {"documentId": "unknown"},
        {"extensions": {"persistedQuery": {"sha256Hash": "0" * 64}}},
    ]
    for body in bodies:
        assert (await ask(registered, query="{ me { name } }", **body)).json["data"] == {"me": {"name": "Kim"}}


@pytest.mark.parametrize("document", ["{ hello }", HELLO + " ", "{", "{ __schema { queryType { name } } }", ""])
async def test_if_only_registered_ones_are_wanted_any_other_is_refused_unread(
    registered: list[Registered], document: str
) -> None:
    assert code_of(await ask(registered, only=True, query=document)) == "DOCUMENT_NOT_REGISTERED"
    assert code_of(await ask(registered, only=True, query=document, documentId="x")) == "DOCUMENT_NOT_REGISTERED"


class TestStart:
    @pytest.mark.parametrize(
        ("entries", "problem"),
        [
            ("{", "app/persisted-documents.json: is not JSON"),
            ("[]", "app/persisted-documents.json: must be an object of ids and documents"),
            ({"a": 1}, "app/persisted-documents.json: a: the document must be a string"),
            ({"a": {"body": HELLO}}, "app/persisted-documents.json: a: the document must be a string"),
            ({f"sha256:{DIGEST}": ECHO}, f"app/persisted-documents.json: sha256:{DIGEST}: this is not the SHA-256"),
        ],
    )
    def test_a_manifest_that_is_none_is_named(self, tmp_path: Path, entries: object, problem: str) -> None:
        written(tmp_path, "app", entries)

        with pytest.raises(ManifestError) as wrong:
            read_manifests(tmp_path)

        (found,) = wrong.value.problems
        assert found.startswith(problem)

    @pytest.mark.parametrize(
        ("document", "problem"),
        [
            ("{", "a: Syntax Error: Expected Name, found <EOF>."),
            ("{ nothing }", "a: Cannot query field 'nothing' on type 'Query'."),
            ("{ " + "hello " * 101 + "}", "a: A selection set may have 100 fields at most"),
        ],
    )
    def test_so_is_a_document_that_cannot_be_carried_out(self, tmp_path: Path, document: str, problem: str) -> None:
        written(tmp_path, "app", {"a": document, "b": HELLO})

        with pytest.raises(ManifestError) as wrong:
            Toy().endpoint(registered=read_manifests(tmp_path))

        (found,) = wrong.value.problems
        assert found.startswith(f"app/persisted-documents.json: {problem}")

    def test_so_is_an_id_that_two_documents_have(self, tmp_path: Path) -> None:
        written(tmp_path, "app", {"a": HELLO})
        written(tmp_path, "web", {"a": ECHO})

        with pytest.raises(ManifestError, match=r"web/persisted-documents\.json: a: another document has this id too"):
            Toy().endpoint(registered=read_manifests(tmp_path))

    def test_so_is_a_folder_without_any(self, tmp_path: Path) -> None:
        for folder in (tmp_path, tmp_path / "nowhere"):
            with pytest.raises(ManifestError):
                read_manifests(folder)
