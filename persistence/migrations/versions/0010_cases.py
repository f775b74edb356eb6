"""Cases and their logs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from persistence.migrations.scripts import run_sql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "case_file",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column(
            "kind",
            _words("QUESTION", "FOLLOW_UP", "SUPPORT_ACCESS_DISPUTED", "TOP_UP_UNRESOLVED", name="case_kind"),
            nullable=False,
        ),
        sa.Column("customer_id", sa.Uuid(), sa.ForeignKey("customer.id"), nullable=True),
        sa.Column("about_id", sa.Uuid(), nullable=True),
        sa.Column("barred_staff_id", sa.Uuid(), sa.ForeignKey("staff.id"), nullable=True),
        sa.Column("owner_id", sa.Uuid(), sa.ForeignKey("staff.id"), nullable=True),
        sa.Column("state", _words("OPEN", "WAITING_FOR_CUSTOMER", "RESOLVED", name="case_state"), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index(
        "cases_about", "case_file", ["kind", "about_id"], unique=True, postgresql_where=sa.text("about_id is not null")
    )
    op.create_index("cases_by_due_date", "case_file", ["due_at", "id"], postgresql_where=sa.text("state <> 'RESOLVED'"))
    op.create_index("resolved_cases", "case_file", ["due_at", "id"], postgresql_where=sa.text("state = 'RESOLVED'"))
    op.create_index("cases_of_customer", "case_file", ["customer_id", "id"])
    op.create_index("cases_of_owner", "case_file", ["owner_id", "due_at", "id"])
    op.create_table(
        "case_entry",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("case_id", sa.Uuid(), sa.ForeignKey("case_file.id"), nullable=False),
        sa.Column(
            "kind",
            _words(
                "OPENED", "REPLIED", "ANSWERED", "NOTED", "ASSIGNED", "POSTPONED", "RESOLVED", "REOPENED",
                name="entry_kind",
            ),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), sa.ForeignKey("staff.id"), nullable=True),
    )  # fmt: skip
    op.create_index("entries_of_case", "case_entry", ["case_id", "id"])
    op.create_table(
        "case_text",
        sa.Column("entry_id", sa.Uuid(), sa.ForeignKey("case_entry.id"), primary_key=True),
        sa.Column("text", sa.Text(), nullable=False),
    )
    run_sql(
        """
        grant select, insert, update on case_file to kontant_app;
        grant select, insert on case_entry to kontant_app;
        grant select, insert, delete on case_text to kontant_app;
        """
    )


def downgrade() -> None:
    for table in ("case_text", "case_entry", "case_file"):
        op.drop_table(table)


def _words(*words: str, name: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=None)
