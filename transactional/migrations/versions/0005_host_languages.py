"""Languages that a host speaks, by the host's own word.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    column = sa.Column("languages", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False)
    op.add_column("host_profiles", column)


def downgrade() -> None:
    """Undo."""
    op.drop_column("host_profiles", "languages")
