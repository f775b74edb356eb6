"""Codes to phone or e-mail, for more than one purpose, and what they are counted against."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_NEW_TABLES = ("known_device", "code_allowance", "sms_cost", "sms_ceiling")


def upgrade() -> None:
    op.drop_index("challenges_of_number")
    # They live for five minutes. What an old one is counted with could not be told.
    op.execute("delete from sign_in_challenge")
    op.alter_column("sign_in_challenge", "number_digest", new_column_name="contact_digest")
    op.create_index("challenges_of_contact", "sign_in_challenge", ["contact_digest", "created_at"])
    purpose, channel = (
        _words("SIGN_IN", "CONTACT_POINT", name="challenge_purpose"),
        _words("SMS", "EMAIL", name="channel"),
    )
    op.add_column("sign_in_challenge", sa.Column("purpose", purpose, nullable=False))
    op.add_column("sign_in_challenge", sa.Column("channel", channel, nullable=False))
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


def _words(*words: str, name: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=None)


def downgrade() -> None:
    for table in _NEW_TABLES:
        op.drop_table(table)
    op.execute("delete from sign_in_challenge")
    for column in ("lane", "device_digest", "channel", "purpose"):
        op.drop_column("sign_in_challenge", column)
    op.drop_index("challenges_of_contact")
    op.alter_column("sign_in_challenge", "contact_digest", new_column_name="number_digest")
    op.create_index("challenges_of_number", "sign_in_challenge", ["number_digest", "created_at"])
