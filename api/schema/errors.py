"""Declared refusals become typed payload errors, here and nowhere else.

    @user_error(AmountNotOffered, path="amount")
    class AmountNotOfferedError(UserError):
        minimum: Money = shown_field("…")

says how a rejection is told. A mutation names the rejections it can answer with; an undeclared one is a fault.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from typing import Any, ClassVar, Final, TypeVar, cast, dataclass_transform

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

from api.context import Context
from api.schema.fields import shown_field
from auth.assurance import acr_values_for
from domain.kernel.access import Access, Permission
from domain.kernel.errors import IdempotencyKeyReused, Rejection, StepUpRequired

E_ = TypeVar("E_", bound="type[UserError]")
T = TypeVar("T", bound=type)


@strawberry.interface(
    description="Why something was not done, fit to be shown. Nothing has happened, unless it says so."
)
class UserError:
    code: str = strawberry.field(description="The same for every language and for ever, such as CARD_CLOSED.")
    message: str = strawberry.field(description="A sentence for the person, in their language.")
    path: list[str] | None = strawberry.field(
        description="The part of the input that it is about, when it is about one."
    )

    input_path: ClassVar[list[str] | None] = None

    @classmethod
    def extras(cls, refusal: Rejection, context: Context) -> dict[str, Any]:
        """What the type shows beyond code and message, made of what the refusal carries."""
        return {}

    @classmethod
    def of(cls, refusal: Rejection, context: Context) -> UserError:
        """The refusal as it is told."""
        make = cast("Callable[..., UserError]", cls)
        message = context.say(refusal.code, refusal.data())
        return make(code=refusal.code, message=message, path=cls.input_path, **cls.extras(refusal, context))


USER_ERRORS: Final[dict[type[Rejection], type[UserError]]] = {}


@dataclass_transform(kw_only_default=True, field_specifiers=(shown_field,))
def user_error(rejection: type[Rejection], *, path: str | None = None) -> Callable[[E_], E_]:
    """Declares how a rejection is told."""

    def declare(cls: E_) -> E_:
        cls.input_path = ["input", path] if path else None
        cast("Any", cls).__access__ = Access.PUBLIC
        USER_ERRORS[rejection] = cls
        return strawberry.type(cls, description=inspect.getdoc(cls))

    return declare


@user_error(IdempotencyKeyReused, path="idempotencyKey")
class IdempotencyKeyReusedError(UserError):
    """The key was used before, for something else. Make a new key for a new intention."""


@user_error(StepUpRequired)
class StepUpRequiredError(UserError):
    """One has to sign in anew before this is done: too long ago, or not surely enough, one proved who one is."""

    max_age_seconds: int = shown_field("How long ago that may be: `max_age` of an authorization request.")
    acr_values: list[str] = shown_field("How surely, any of these: `acr_values` of an authorization request.")

    @classmethod
    def extras(cls, refusal: Rejection, context: Context) -> dict[str, Any]:
        needed = cast("StepUpRequired", refusal)
        return {"max_age_seconds": needed.max_age_seconds, "acr_values": list(acr_values_for(needed.assurance))}


@dataclass_transform(kw_only_default=True, field_specifiers=(shown_field,))
def payload(rejects: Collection[type[Rejection]]) -> Callable[[T], T]:
    """Declares a mutation's payload, whose `errors` are these and no others."""

    def declare(cls: T) -> T:
        names = sorted(USER_ERRORS[rejection].__name__ for rejection in rejects)
        for name in cls.__annotations__:
            getattr(cls, name).default = None  # a refusal answers with its errors and nothing else
        cls.__annotations__["errors"] = list[UserError]
        cast("Any", cls).errors = strawberry.field(
            default_factory=list[UserError],
            description=f"Why it was not done; empty when it was. Any of: {', '.join(names)}.",
        )
        cast("Any", cls).__access__ = Access.PUBLIC
        return strawberry.type(cls, description=inspect.getdoc(cls))

    return declare


class Refusals(FieldExtension):
    """Tells a mutation's declared refusals in its payload. Its permission is asked for by the executor."""

    def __init__(self, permission: Permission, rejects: Collection[type[Rejection]]) -> None:
        self.permission, self.rejects = permission, frozenset(rejects)

    def apply(self, field: StrawberryField) -> None:
        kind: Any = field.type
        self._payload: Any = getattr(kind, "of_type", kind)
        self._inputs: set[str] = set()
        for argument in field.arguments:
            argument.description = argument.description or "What it needs to know."
            definition = getattr(argument.type, "__strawberry_definition__", None)
            self._inputs |= {to_camel_case(each.python_name) for each in definition.fields} if definition else set()

    async def resolve_async(self, next_: Callable[..., Any], source: Any, info: Any, **kwargs: Any) -> Any:
        try:
            return await next_(source, info, **kwargs)
        except Rejection as refusal:
            if type(refusal) not in self.rejects:
                raise
            error = told(refusal, info.context)
            if error.path and error.path[-1] not in self._inputs:
                error.path = None  # another mutation has such an input, and this one does not
            return self._payload(errors=[error])


def told(refusal: Rejection, context: Context) -> UserError:
    """A refusal as a payload error."""
    return USER_ERRORS[type(refusal)].of(refusal, context)


def mutation(permission: Permission, *, rejects: Collection[type[Rejection]]) -> Callable[[Callable[..., Any]], Any]:
    """Declares a mutation: its permission, which its use case asks for too, and how it can be refused."""

    def declare(resolver: Callable[..., Any]) -> Any:
        extensions: list[FieldExtension] = [Refusals(permission, rejects)]
        return strawberry.mutation(resolver, extensions=extensions, description=inspect.getdoc(resolver))

    return declare
