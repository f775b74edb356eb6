"""How people are reached: what is lost, and changes that can be taken back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contact_point", sa.Column("lost_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "contact_point_change",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False, unique=True),
        sa.Column("customer_id", sa.Uuid(), sa.ForeignKey("customer.id"), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("PHONE", "EMAIL", name="contact_kind", native_enum=False, create_constraint=True, length=None),
            nullable=False,
        ),
        sa.Column("old_value", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undo_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undo_digest", sa.LargeBinary(), nullable=False, unique=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index("given_up_contact_points", "contact_point_change", ["kind", "old_value"])
    for column in ("customer_id", "undo_until"):
        op.create_index(op.f(f"ix_contact_point_change_{column}"), "contact_point_change", [column])
    op.create_index("challenges_of_customer", "sign_in_challenge", ["customer_id"])
    op.execute("grant select, insert, update, delete on contact_point_change to kontant_app")


def downgrade() -> None:
    op.drop_index("challenges_of_customer")
    op.drop_table("contact_point_change")
    op.drop_column("contact_point", "lost_at")
