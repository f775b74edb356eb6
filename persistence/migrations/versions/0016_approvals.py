"""Adjustments, approvals, and why a card is blocked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from persistence.migrations.scripts import run_sql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_PURPOSES = (
    "MONEY", "DATA", "VOICE", "SMS", "POINTS", "CLEARING", "SUSPENSE", "SALES", "GRANTS", "EXPIRY", "REFUNDS",
    "WRITE_OFF",
)  # fmt: skip
_KINDS = ("TOP_UP", "BONUS", "USAGE", "EXPIRY", "TRANSFER", "REFUND")


def upgrade() -> None:
    _set_words("account", "purpose", "purpose", (*_PURPOSES, "ADJUSTMENTS"))
    _set_words("ledger_transaction", "kind", "transaction_kind", (*_KINDS, "ADJUSTMENT"))
    op.add_column("card", sa.Column("block_reason", _words("LOST", "STOLEN", "MISUSE", name="block_reason")))
    op.create_table(
        "adjustment",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("card_id", sa.Uuid(), sa.ForeignKey("card.id"), nullable=False),
        sa.Column("customer_id", sa.Uuid(), sa.ForeignKey("customer.id"), nullable=False),
        sa.Column("staff_id", sa.Uuid(), sa.ForeignKey("staff.id"), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column(
            "reason",
            _words("BILLING_ERROR", "GOODWILL", "SERVICE_FAILURE", "MISUSE", name="adjustment_reason"),
            nullable=False,
        ),
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("state", _words("AWAITING_APPROVAL", "POSTED", "REFUSED", name="adjustment_state"), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_minor <> 0", name="adjustment_changes_something"),
    )
    op.create_index("adjustments_of_customer", "adjustment", ["customer_id", "requested_at"])
    op.create_table(
        "approval",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("kind", _words("ADJUSTMENT", name="approval_kind"), nullable=False),
        sa.Column("about_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), sa.ForeignKey("customer.id"), nullable=True),
        sa.Column("requested_by", sa.Uuid(), sa.ForeignKey("staff.id"), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state",
            _words("PENDING", "GIVEN", "DECLINED", "WITHDRAWN", "EXPIRED", name="approval_state"),
            nullable=False,
        ),
        sa.Column("decided_by", sa.Uuid(), sa.ForeignKey("staff.id"), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.UniqueConstraint("kind", "about_id", name="one_approval_for_a_thing"),
        sa.CheckConstraint(
            "decided_by is distinct from requested_by or state = 'WITHDRAWN'", name="approval_is_a_second"
        ),
    )
    op.create_index("pending_approvals", "approval", ["expires_at"], postgresql_where=sa.text("state = 'PENDING'"))
    run_sql("grant select, insert, update on adjustment, approval to kontant_app")


def downgrade() -> None:
    op.drop_table("approval")
    op.drop_table("adjustment")
    op.drop_column("card", "block_reason")
    _set_words("ledger_transaction", "kind", "transaction_kind", _KINDS)
    _set_words("account", "purpose", "purpose", _PURPOSES)


def _words(*words: str, name: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=None)


def _set_words(table: str, column: str, constraint: str, words: tuple[str, ...]) -> None:
    """A closed set of words becomes another one."""
    listed = ", ".join(f"'{word}'" for word in words)
    op.drop_constraint(constraint, table, type_="check")
    op.create_check_constraint(constraint, table, f"{column} in ({listed})")
