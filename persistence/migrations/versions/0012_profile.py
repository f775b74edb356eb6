"""What people say of themselves: consents, with their history."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from persistence.migrations.scripts import run_sql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "consent",
        sa.Column("customer_id", sa.Uuid(), sa.ForeignKey("customer.id"), primary_key=True),
        sa.Column("purpose", sa.Text(), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("is_given", sa.Boolean(), nullable=False),
        sa.Column("text_version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("said_by", sa.Uuid(), sa.ForeignKey("customer.id"), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=True),
    )
    # What was said is history: it is added to and never changed.
    run_sql("grant select, insert on consent to kontant_app;")


def downgrade() -> None:
    op.drop_table("consent")
