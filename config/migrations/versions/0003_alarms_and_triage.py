"""Alarms, fixed answers and what triage says."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alarm",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reply_id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("network", sqlmodel.sql.sqltypes.AutoString(length=32), nullable=False),
        sa.Column("author", sqlmodel.sql.sqltypes.AutoString(length=256), nullable=False),
        sa.Column("raised_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("raised_by", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("rings", sa.Integer(), nullable=False),
        sa.Column("rang_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("acknowledged_by", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("acknowledged_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("false", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_alarm_post_id")),
        sa.ForeignKeyConstraint(["reply_id"], ["reply.id"], name=op.f("fk_alarm_reply_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm")),
        sa.UniqueConstraint("reply_id", name=op.f("uq_alarm_reply_id")),
    )
    with op.batch_alter_table("alarm", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alarm_acknowledged_at"), ["acknowledged_at"], unique=False)
        batch_op.create_index("ix_alarm_author", ["network", "author"], unique=False)

    op.create_table(
        "fixed_answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("template", sqlmodel.sql.sqltypes.AutoString(length=32), nullable=False),
        sa.Column("reply_id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("network", sqlmodel.sql.sqltypes.AutoString(length=32), nullable=False),
        sa.Column("author", sqlmodel.sql.sqltypes.AutoString(length=256), nullable=False),
        sa.Column("answers", sqlmodel.sql.sqltypes.AutoString(length=256), nullable=False),
        sa.Column("language", sqlmodel.sql.sqltypes.AutoString(length=8), nullable=False),
        sa.Column("key", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "due",
                "sending",
                "sent",
                "refused",
                "unclear",
                "stuck",
                "cancelled",
                "recalling",
                "recalled",
                name="deliverystate",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("made_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("lease_until", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("not_before", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("first_sent_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("published_id", sqlmodel.sql.sqltypes.AutoString(length=256), nullable=True),
        sa.Column("url", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=True),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_fixed_answer_post_id")),
        sa.ForeignKeyConstraint(["reply_id"], ["reply.id"], name=op.f("fk_fixed_answer_reply_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fixed_answer")),
        sa.UniqueConstraint("key", name=op.f("uq_fixed_answer_key")),
        sa.UniqueConstraint("reply_id", name=op.f("uq_fixed_answer_reply_id")),
    )
    with op.batch_alter_table("fixed_answer", schema=None) as batch_op:
        batch_op.create_index("ix_fixed_answer_author", ["network", "author", "post_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_fixed_answer_made_at"), ["made_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_fixed_answer_published_id"), ["published_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_fixed_answer_state"), ["state"], unique=False)

    with op.batch_alter_table("post", schema=None) as batch_op:
        batch_op.add_column(sa.Column("unread", sa.Integer(), nullable=False, server_default="0"))

    with op.batch_alter_table("reply", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("about", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False, server_default="other")
        )
        batch_op.add_column(sa.Column("scores", sa.JSON(), nullable=False, server_default="{}"))
        batch_op.add_column(
            sa.Column(
                "route",
                sa.Enum(
                    "control",
                    "inspector",
                    "tips",
                    "press",
                    "kept",
                    "officer",
                    name="route",
                    native_enum=False,
                    create_constraint=True,
                    length=24,
                ),
                nullable=False,
                server_default="officer",
            )
        )
        batch_op.add_column(
            sa.Column(
                "severity",
                sa.Enum(
                    "none",
                    "rough",
                    "abusive",
                    "hateful",
                    name="severity",
                    native_enum=False,
                    create_constraint=True,
                    length=24,
                ),
                nullable=False,
                server_default="none",
            )
        )
        batch_op.add_column(sa.Column("ground", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=True))
        batch_op.add_column(sa.Column("doubt", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("language", sqlmodel.sql.sqltypes.AutoString(length=8), nullable=True))
        batch_op.add_column(sa.Column("similar_to", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("similar", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("alarm_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_reply_alarm_id"), ["alarm_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("reply", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reply_alarm_id"))
        batch_op.drop_column("alarm_id")
        batch_op.drop_column("similar")
        batch_op.drop_column("similar_to")
        batch_op.drop_column("language")
        batch_op.drop_column("doubt")
        batch_op.drop_column("ground")
        batch_op.drop_column("severity")
        batch_op.drop_column("route")
        batch_op.drop_column("scores")
        batch_op.drop_column("about")

    with op.batch_alter_table("post", schema=None) as batch_op:
        batch_op.drop_column("unread")

    with op.batch_alter_table("fixed_answer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_fixed_answer_state"))
        batch_op.drop_index(batch_op.f("ix_fixed_answer_published_id"))
        batch_op.drop_index(batch_op.f("ix_fixed_answer_made_at"))
        batch_op.drop_index("ix_fixed_answer_author")

    op.drop_table("fixed_answer")
    with op.batch_alter_table("alarm", schema=None) as batch_op:
        batch_op.drop_index("ix_alarm_author")
        batch_op.drop_index(batch_op.f("ix_alarm_acknowledged_at"))

    op.drop_table("alarm")
