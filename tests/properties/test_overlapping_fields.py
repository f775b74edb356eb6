"""Our rule for overlapping fields says yes and no where graphql-core's own does."""

from __future__ import annotations

from random import Random
from typing import Final

from graphql import OverlappingFieldsCanBeMergedRule, build_schema, parse, validate
from hypothesis import given, settings
from hypothesis import strategies as st

from api.graphql.overlap import OverlappingFields

SCHEMA: Final = build_schema(
    """
    interface Being { n(a: Int, o: In): Int being: Being any: Any s: String kin: [Being] }
    type Cat implements Being { n(a: Int, o: In): Int being: Being any: Any s: String kin: [Being] cat: Cat x: Int }
    type Dog implements Being { n(a: Int, o: In): Int being: Being any: Any s: String kin: [Being] dog: Dog x: Int! }
    union Any = Cat | Dog
    input In { p: Int q: [Int] }
    type Query { being: Being any: Any cat: Cat dog: Dog n(a: Int, o: In): Int s: String kin: [Being] x: [Int] }
    """
)
TYPES: Final = ("Query", "Being", "Any", "Cat", "Dog")
LEAVES: Final = ("n", "n(a: 1)", "n(o: {p: 1, q: [2]})", "n(o: {q: [2], p: 1})", "s", "x", "__typename", "nowhere")
OBJECTS: Final = ("being", "any", "cat", "dog", "kin")
ALIASES: Final = ("", "", "", "", "", "n: ", "s: ", "being: ")
CONDITIONS: Final = ("", *(f"on {each}" for each in TYPES))


def selections(random: Random, depth: int) -> str:
    """One to three selections, valid or not."""
    found: list[str] = []
    for _ in range(random.choice((1, 1, 2, 3))):
        kind = random.random()
        if kind < 0.35 or depth == 0:
            found.append(random.choice(ALIASES) + random.choice(LEAVES))
        elif kind < 0.5:
            found.append("..." + random.choice("FGH"))
        elif kind < 0.8:
            within = selections(random, depth - 1)
            found.append(f"{random.choice(ALIASES)}{random.choice(OBJECTS)} {{ {within} }}")
        else:
            found.append(f"... {random.choice(CONDITIONS)} {{ {selections(random, depth - 1)} }}")
    return " ".join(found)


def a_document(random: Random) -> str:
    """Fragments may spread themselves or each other in circles, or stand unused."""
    fragments = [f"fragment {name} on {random.choice(TYPES)} {{ {selections(random, 2)} }}" for name in "FGH"]
    return " ".join((f"{{ {selections(random, 3)} }}", *fragments))


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 2**64))
def test_the_verdicts_are_graphql_cores(seed: int) -> None:
    document = parse(a_document(Random(seed)))
    ours = validate(SCHEMA, document, [OverlappingFields])
    theirs = validate(SCHEMA, document, [OverlappingFieldsCanBeMergedRule])

    assert bool(ours) == bool(theirs), (ours, theirs)
