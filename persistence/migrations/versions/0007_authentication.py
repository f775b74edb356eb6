"""Whose a session is, customer or staff, and how they proved it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_METHOD = sa.Enum(
    "SMS_CODE", "EMAIL_CODE", "ELECTRONIC_ID", "SINGLE_SIGN_ON",
    name="authentication_method", native_enum=False, create_constraint=True, length=None,
)  # fmt: skip
_TABLES = (("session", "session_has_one_person"), ("authorization_code", "code_has_one_person"))


def upgrade() -> None:
    for table, constraint in _TABLES:
        op.alter_column(table, "customer_id", nullable=True)
        op.add_column(table, sa.Column("staff_id", sa.Uuid(), nullable=True))
        op.create_foreign_key(None, table, "staff", ["staff_id"], ["id"])
        op.create_index(op.f(f"ix_{table}_staff_id"), table, ["staff_id"], unique=False)
        op.create_check_constraint(constraint, table, "num_nonnulls(customer_id, staff_id) = 1")
        # Until now there was one way to sign in.
        op.add_column(table, sa.Column("method", _METHOD, server_default="SMS_CODE", nullable=False))
        op.alter_column(table, "method", server_default=None)


def downgrade() -> None:
    for table, constraint in _TABLES:
        op.execute(f"delete from {table} where staff_id is not null")
        op.drop_column(table, "method")
        op.drop_constraint(constraint, table)
        op.drop_column(table, "staff_id")
        op.alter_column(table, "customer_id", nullable=False)
