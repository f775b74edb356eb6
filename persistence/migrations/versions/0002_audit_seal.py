"""Seals over the audit log, and the order in which its rows are sealed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from persistence.migrations.scripts import run_sql
from persistence.tables.columns import Xid8

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# The application cannot choose a row's transaction: so what it writes late has a place behind what is sealed.
RIGHTS = """
grant select, insert on audit_seal to kontant_app;
revoke insert on audit from kontant_app;
grant insert (id, at, actor, subject_id, operation, details) on audit to kontant_app;
"""


def upgrade() -> None:
    op.create_table(
        "audit_seal",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("audit_id", sa.Uuid(), nullable=False),
        sa.Column("xid", Xid8(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
        sa.UniqueConstraint("audit_id"),
    )
    op.create_index("audit_order", "audit", ["xid", "id"], unique=False)
    run_sql(RIGHTS)


def downgrade() -> None:
    run_sql("grant insert on audit to kontant_app;")
    op.drop_index("audit_order", table_name="audit")
    op.drop_table("audit_seal")
