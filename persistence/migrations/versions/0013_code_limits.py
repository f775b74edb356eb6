"""What codes are counted against: known devices, allowances, and what text messages cost a day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Codes live for five minutes. With which others an old one is counted cannot be told.
    op.execute("delete from sign_in_challenge")
    op.add_column("sign_in_challenge", sa.Column("device_digest", sa.LargeBinary(), nullable=True))
    op.add_column("sign_in_challenge", sa.Column("lane", sa.LargeBinary(), nullable=False))
    op.create_table(
        "known_device",
        sa.Column("digest", sa.LargeBinary(), primary_key=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index(op.f("ix_known_device_seen_at"), "known_device", ["seen_at"])
    op.create_table(
        "code_allowance",
        sa.Column("key", sa.LargeBinary(), primary_key=True),
        sa.Column("empty_until", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index(op.f("ix_code_allowance_empty_until"), "code_allowance", ["empty_until"])
    op.create_table(
        "sms_cost",
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("part", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("cost_minor", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "sms_ceiling",
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("reached_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.execute("grant select, insert, update, delete on known_device, code_allowance to kontant_app")
    op.execute("grant select, insert, update on sms_cost to kontant_app")
    op.execute("grant select, insert on sms_ceiling to kontant_app")


def downgrade() -> None:
    for table in ("sms_ceiling", "sms_cost", "code_allowance", "known_device"):
        op.drop_table(table)
    op.drop_column("sign_in_challenge", "lane")
    op.drop_column("sign_in_challenge", "device_digest")
