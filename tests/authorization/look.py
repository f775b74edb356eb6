"""What somebody was shown, beside what docs/AUTHORIZATION.md says that they are shown."""

from __future__ import annotations

from typing import Any

from api.schema.fields import access_of
from api.schema.ids import global_id
from domain.kernel.access import Access
from tests.authorization import page
from tests.authorization.selections import SCHEMA, Pair, is_another_node, object_type, parts_of
from tests.authorization.society import Someone


def classes_of(kind: str) -> set[str]:
    """The access classes that this kind of actor has, by the page."""
    return {name for name, row in page.CLASSES.items() if row[kind] == "yes"}


class Look:
    """Compares what somebody was shown with what the page says that they are shown."""

    def __init__(self, someone: Someone, kind: str | None = None) -> None:
        self._classes = classes_of(kind or someone.kind)
        self._things = someone.things
        self._known = {global_id("customer", someone.id)} if someone.id else set[str]()
        for name, ids in someone.things.by_class.items():
            if name in self._classes:
                self._known |= set(ids)
        self.shown: dict[Pair, bool] = {}
        """The fields that may be shown, and whether any object had something there."""

    def may_see(self, access: Access | None) -> bool:
        assert access is not None
        return access.name in self._classes

    def at(self, value: dict[str, Any]) -> None:
        """An object and its parts."""
        kind = object_type(value["__typename"])
        for name, field in kind.fields.items():
            pair, found = (kind.name, name), value[name]
            if not self.may_see(access_of(SCHEMA, *pair)):
                assert found is None, f"{pair} is shown"
                continue
            self.shown[pair] = self.shown.get(pair, False) or found is not None
            if is_another_node(field):
                self._at_another_node(value, name, found)
            else:
                for part in parts_of(found):
                    self.at(part)

    def _at_another_node(self, value: dict[str, Any], name: str, found: Any) -> None:
        there = self._things.within.get((str(value.get("id")), name))
        if there is None:
            return
        assert (found["id"] if found else None) == (there if there in self._known else None), (value["id"], name)
        self.shown[value["__typename"], name] = True
