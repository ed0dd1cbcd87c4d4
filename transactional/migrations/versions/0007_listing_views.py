"""Listings that users looked at lately.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "listing_views",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("listing_id", sa.BigInteger(), nullable=False),
        sa.Column("viewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.user_id"], name=op.f("fk_listing_views_user_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["listing_id"], ["listings.listing_id"], name=op.f("fk_listing_views_listing_id_listings")
        ),
        sa.PrimaryKeyConstraint("user_id", "listing_id", name=op.f("pk_listing_views")),
    )
    op.create_index(op.f("ix_listing_views_user_id_viewed_at"), "listing_views", ["user_id", "viewed_at"])


def downgrade() -> None:
    """Undo."""
    op.drop_table("listing_views")
