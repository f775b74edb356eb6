"""The calendar: how what falls due is found without reading everything."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INDEXES = (
    ("cards_in_use", "card", "active_until", "status = 'ACTIVE'"),
    ("cards_in_grace", "card", "grace_until", "status = 'GRACE'"),
    ("buckets_to_expire", "bucket", "valid_until", "remaining > reserved"),
)


def upgrade() -> None:
    for name, table, column, where in INDEXES:
        op.create_index(name, table, [column], postgresql_where=sa.text(where))


def downgrade() -> None:
    for name, *_ in INDEXES:
        op.drop_index(name)
