"""Support: staff, their searches, and the sessions in which they act for a customer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from persistence.migrations.scripts import run_sql

revision = "0004"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "customer", sa.Column("number", sa.BigInteger(), sa.Identity(always=True, start=10_000_001), nullable=False)
    )
    op.create_unique_constraint("customer_number_key", "customer", ["number"])
    op.create_table(
        "staff",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("roles", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("issuer", "subject", name="staff_identity"),
    )
    op.create_table(
        "customer_search",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("staff_id", sa.Uuid(), sa.ForeignKey("staff.id"), nullable=False),
        sa.Column("kind", _words("PHONE_NUMBER", "EMAIL", "CUSTOMER_NUMBER", name="search_kind"), nullable=False),
        sa.Column("found", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("searches_of_staff", "customer_search", ["staff_id", "made_at"])
    op.create_table(
        "support_session",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("staff_id", sa.Uuid(), sa.ForeignKey("staff.id"), nullable=False),
        sa.Column("customer_id", sa.Uuid(), sa.ForeignKey("customer.id"), nullable=False),
        sa.Column("access", _words("READ_ONLY", "ASSIST", name="support_access"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disputed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dispute", sa.Text(), nullable=True),
    )
    op.create_index("support_sessions_of_customer", "support_session", ["customer_id", "id"])
    op.create_index(
        "ended_support_sessions",
        "support_session",
        ["ended_at"],
        postgresql_where=sa.text("ended_at is not null"),
    )
    # What was done in a support session is found again by it.
    op.create_index(
        "audit_of_support_session",
        "audit",
        [sa.text("(details ->> 'support_session_id')"), "at"],
        postgresql_where=sa.text("details ? 'support_session_id'"),
    )
    run_sql(
        """
        grant select, insert, update on staff, support_session to kontant_app;
        grant select, insert on customer_search to kontant_app;
        """
    )


def _words(*words: str, name: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=None)


def downgrade() -> None:
    op.drop_index("audit_of_support_session")
    for table in ("support_session", "customer_search", "staff"):
        op.drop_table(table)
    op.drop_column("customer", "number")
