"""The authorization server: codes, devices of sessions, and keys that follow one another."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("session", sa.Column("scope", sa.Text(), server_default="", nullable=False))
    op.add_column("session", sa.Column("device", sa.Text(), nullable=True))
    op.add_column("signing_key", sa.Column("signs_from", sa.DateTime(timezone=True), nullable=True))
    op.execute("update signing_key set signs_from = created_at")
    op.alter_column("signing_key", "signs_from", nullable=False)
    op.create_table(
        "authorization_code",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("code_challenge", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"]),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"]),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_index(op.f("ix_authorization_code_customer_id"), "authorization_code", ["customer_id"], unique=False)
    op.create_index(op.f("ix_authorization_code_expires_at"), "authorization_code", ["expires_at"], unique=False)
    op.execute("grant select, insert, update, delete on authorization_code to kontant_app")


def downgrade() -> None:
    op.drop_table("authorization_code")
    op.drop_column("signing_key", "signs_from")
    op.drop_column("session", "device")
    op.drop_column("session", "scope")
