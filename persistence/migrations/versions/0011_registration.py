"""Registration: who customers are by law, and which cards they answer for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from persistence.migrations.scripts import run_sql

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None

_METHOD = sa.Enum(
    "SMS_CODE", "EMAIL_CODE", "ELECTRONIC_ID", "SINGLE_SIGN_ON",
    name="authentication_method", native_enum=False, create_constraint=True, length=None,
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "identity_number_key",
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
    )
    _create_customer_identity()
    _create_registration()
    op.drop_constraint("search_kind", "customer_search")
    op.create_check_constraint(
        "search_kind", "customer_search", "kind in ('PHONE_NUMBER', 'EMAIL', 'CUSTOMER_NUMBER', 'IDENTITY_NUMBER')"
    )
    # What was said of a person is not written over; it is erased when the law no longer wants it.
    run_sql(
        """
        insert into identity_number_key (version, begun_at) values (1, now());
        grant select, insert on identity_number_key to kontant_app;
        grant select, insert, delete on customer_identity, registration to kontant_app;
        grant update (is_current, sealed_number, key_version) on customer_identity to kontant_app;
        grant update (keep_until) on registration to kontant_app;
        """
    )


def _create_customer_identity() -> None:
    op.create_table(
        "customer_identity",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("customer_id", sa.Uuid(), sa.ForeignKey("customer.id"), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("method", _METHOD, nullable=False),
        sa.Column("given_name", sa.Text(), nullable=False),
        sa.Column("family_name", sa.Text(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("sealed_number", sa.LargeBinary(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("number_digest", sa.LargeBinary(), nullable=False),
        sa.Column("masked_number", sa.Text(), nullable=False),
        sa.Column("identified_at", sa.DateTime(timezone=True), nullable=False),
    )
    current = sa.text("is_current")
    op.create_index(op.f("ix_customer_identity_customer_id"), "customer_identity", ["customer_id"])
    op.create_index("current_identity", "customer_identity", ["customer_id"], unique=True, postgresql_where=current)
    op.create_index(
        "current_identity_number", "customer_identity", ["number_digest"], unique=True, postgresql_where=current
    )
    op.create_index("sealed_identity_numbers", "customer_identity", ["key_version", "id"])
    op.create_index("identities_by_age", "customer_identity", ["identified_at"])


def _create_registration() -> None:
    op.create_table(
        "registration",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("card_id", sa.Uuid(), sa.ForeignKey("card.id"), nullable=False),
        sa.Column("customer_id", sa.Uuid(), sa.ForeignKey("customer.id"), nullable=False),
        sa.Column("identity_id", sa.Uuid(), sa.ForeignKey("customer_identity.id"), nullable=False),
        sa.Column("service_number", sa.Text(), nullable=False),
        sa.Column("street", sa.Text(), nullable=False),
        sa.Column("postal_code", sa.Text(), nullable=False),
        sa.Column("city", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("keep_until", sa.Date(), nullable=True),
    )
    for column in ("customer_id", "identity_id"):
        op.create_index(op.f(f"ix_registration_{column}"), "registration", [column])
    op.create_index(
        "registration_in_force",
        "registration",
        ["card_id"],
        unique=True,
        postgresql_where=sa.text("keep_until is null"),
    )
    op.create_index(
        "registrations_to_erase", "registration", ["keep_until"], postgresql_where=sa.text("keep_until is not null")
    )


def downgrade() -> None:
    op.execute("delete from customer_search where kind = 'IDENTITY_NUMBER'")
    op.drop_constraint("search_kind", "customer_search")
    op.create_check_constraint("search_kind", "customer_search", "kind in ('PHONE_NUMBER', 'EMAIL', 'CUSTOMER_NUMBER')")
    for table in ("registration", "customer_identity", "identity_number_key"):
        op.drop_table(table)
