"""Saved searches, the listings that match them, and what guests were told about these.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
JSON = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    """Apply."""
    _create_searches()
    _create_matches()
    _create_alerts()


def _create_searches() -> None:
    op.create_table(
        "saved_searches",
        sa.Column("saved_search_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("params", JSON, nullable=False),
        sa.Column("place", JSON, nullable=False),
        sa.Column("market_key", sa.Text(), nullable=True),
        *(sa.Column(edge, sa.Double(), nullable=False) for edge in ("south", "west", "north", "east")),
        sa.Column("guests", sa.BigInteger(), nullable=False),
        sa.Column("check_in", sa.Date(), nullable=True),
        sa.Column("check_out", sa.Date(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("examined_until", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.CheckConstraint("status IN ('active','paused','ended','too_wide')", name=op.f("ck_saved_searches_status")),
        sa.CheckConstraint(
            "check_in < check_out AND (check_in IS NULL) = (check_out IS NULL)", name=op.f("ck_saved_searches_stay")
        ),
        sa.ForeignKeyConstraint(
            ["market_key"], ["markets.market_key"], name=op.f("fk_saved_searches_market_key_markets")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.user_id"], name=op.f("fk_saved_searches_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("saved_search_id", name=op.f("pk_saved_searches")),
    )
    op.create_index(op.f("ix_saved_searches_user_id_created_at"), "saved_searches", ["user_id", "created_at"])
    for name, column, condition in (
        ("active", "market_key", "status = 'active'"),
        ("unexamined", "created_at", f"status = 'active' AND examined_until < {2**63 - 1}"),
        ("dated", "check_in", "status IN ('active','paused')"),
    ):
        op.create_index(f"ix_saved_searches_{name}", "saved_searches", [column], postgresql_where=sa.text(condition))


def _create_matches() -> None:
    op.create_table(
        "saved_search_matches",
        sa.Column("saved_search_id", sa.Uuid(), nullable=False),
        sa.Column("listing_id", sa.BigInteger(), nullable=False),
        sa.Column("occasions", sa.BigInteger(), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("stopped_at", INSTANT, nullable=True),
        *_of_search_and_listing("saved_search_matches"),
        sa.PrimaryKeyConstraint("saved_search_id", "listing_id", name=op.f("pk_saved_search_matches")),
    )
    op.create_index(op.f("ix_saved_search_matches_listing_id"), "saved_search_matches", ["listing_id"])


def _create_alerts() -> None:
    op.create_table(
        "saved_search_alerts",
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("saved_search_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("listing_id", sa.BigInteger(), nullable=False),
        sa.Column("occasion", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("read_at", INSTANT, nullable=True),
        *_of_search_and_listing("saved_search_alerts"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.user_id"], name=op.f("fk_saved_search_alerts_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("alert_id", name=op.f("pk_saved_search_alerts")),
        sa.UniqueConstraint(
            "saved_search_id",
            "listing_id",
            "occasion",
            name=op.f("uq_saved_search_alerts_saved_search_id_listing_id_occasion"),
        ),
    )
    op.create_index(
        op.f("ix_saved_search_alerts_user_id_created_at_alert_id"),
        "saved_search_alerts",
        ["user_id", "created_at", "alert_id"],
    )
    op.create_index(op.f("ix_saved_search_alerts_created_at"), "saved_search_alerts", ["created_at"])


def _of_search_and_listing(table: str) -> tuple[sa.ForeignKeyConstraint, sa.ForeignKeyConstraint]:
    return (
        sa.ForeignKeyConstraint(
            ["saved_search_id"],
            ["saved_searches.saved_search_id"],
            name=op.f(f"fk_{table}_saved_search_id_saved_searches"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["listing_id"], ["listings.listing_id"], name=op.f(f"fk_{table}_listing_id_listings")),
    )


def downgrade() -> None:
    """Undo."""
    for table in ("saved_search_alerts", "saved_search_matches", "saved_searches"):
        op.drop_table(table)
