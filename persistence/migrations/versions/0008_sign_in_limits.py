"""Codes to phone or e-mail, for more than one purpose."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("challenges_of_number")
    op.alter_column("sign_in_challenge", "number_digest", new_column_name="contact_digest")
    op.create_index("challenges_of_contact", "sign_in_challenge", ["contact_digest", "created_at"])
    # Until now there was one purpose, and one way to send a code.
    for name, kind in (("purpose", _words("SIGN_IN", "CONTACT_POINT", name="challenge_purpose")),
                       ("channel", _words("SMS", "EMAIL", name="channel"))):  # fmt: skip
        first = kind.enums[0]
        op.add_column("sign_in_challenge", sa.Column(name, kind, server_default=first, nullable=False))
        op.alter_column("sign_in_challenge", name, server_default=None)


def _words(*words: str, name: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=None)


def downgrade() -> None:
    op.execute("delete from sign_in_challenge where purpose <> 'SIGN_IN' or channel <> 'SMS'")
    op.drop_column("sign_in_challenge", "channel")
    op.drop_column("sign_in_challenge", "purpose")
    op.drop_index("challenges_of_contact")
    op.alter_column("sign_in_challenge", "contact_digest", new_column_name="number_digest")
    op.create_index("challenges_of_number", "sign_in_challenge", ["number_digest", "created_at"])
