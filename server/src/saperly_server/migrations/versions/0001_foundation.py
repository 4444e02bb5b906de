"""foundation

Revision ID: 0001
Revises: 
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table('accounts',
    sa.Column('workspace_id', sa.Text(), nullable=False),
    sa.Column('environment', sa.Text(), nullable=False),
    sa.Column('available_cents', sa.BigInteger(), nullable=False),
    sa.Column('held_cents', sa.BigInteger(), nullable=False),
    sa.Column('seq', sa.BigInteger(), nullable=False),
    sa.Column('first_number_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.CheckConstraint("environment in ('live', 'test')", name=op.f('ck_accounts_environment')),
    sa.CheckConstraint('available_cents >= 0', name=op.f('ck_accounts_available')),
    sa.CheckConstraint('held_cents >= 0', name=op.f('ck_accounts_held')),
    sa.PrimaryKeyConstraint('workspace_id', 'environment', name=op.f('pk_accounts'))
    )
    op.create_table('api_keys',
    sa.Column('workspace_id', sa.Text(), nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('environment', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('hash', sa.LargeBinary(), nullable=False),
    sa.Column('prefix', sa.Text(), nullable=False),
    sa.Column('path', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('scopes', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('numbers', postgresql.ARRAY(sa.Text()), nullable=True),
    sa.Column('limit_cents', sa.BigInteger(), nullable=True),
    sa.Column('limit_reset', sa.Text(), nullable=True),
    sa.Column('expires_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('last_used_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('revoked_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.CheckConstraint("environment in ('live', 'test')", name=op.f('ck_api_keys_environment')),
    sa.CheckConstraint("limit_reset in ('monthly')", name=op.f('ck_api_keys_limit_reset')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_api_keys')),
    sa.UniqueConstraint('hash', name=op.f('uq_api_keys_hash'))
    )
    op.create_index('ix_api_keys_child', 'api_keys', ['workspace_id', 'environment', sa.literal_column('(path[2])'), 'id'], unique=False)
    op.create_index('ix_api_keys_path', 'api_keys', ['path'], unique=False, postgresql_using='gin')
    op.create_index('ix_api_keys_root', 'api_keys', ['workspace_id', 'environment', sa.literal_column('(path[1])'), 'id'], unique=False)
    op.create_index(op.f('ix_api_keys_workspace_id_environment_created_at'), 'api_keys', ['workspace_id', 'environment', 'created_at'], unique=False)
    op.create_table('audit_events',
    sa.Column('workspace_id', sa.Text(), nullable=False),
    sa.Column('seq', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('environment', sa.Text(), nullable=False),
    sa.Column('event_type', sa.Text(), nullable=False),
    sa.Column('target_type', sa.Text(), nullable=False),
    sa.Column('target_id', sa.Text(), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('data', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('hash', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('workspace_id', 'seq', name=op.f('pk_audit_events'))
    )
    op.create_table('audit_heads',
    sa.Column('workspace_id', sa.Text(), nullable=False),
    sa.Column('seq', sa.BigInteger(), nullable=False),
    sa.Column('hash', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('workspace_id', name=op.f('pk_audit_heads'))
    )
    op.create_table('call_owners',
    sa.Column('owner', sa.Text(), nullable=False),
    sa.Column('lease_until', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('owner', name=op.f('pk_call_owners'))
    )
    op.create_table('carrier_events',
    sa.Column('carrier', sa.Text(), nullable=False),
    sa.Column('event_id', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('ref', sa.Text(), nullable=True),
    sa.Column('data', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('occurred_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('received_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('due_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('applied_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('carrier', 'event_id', name=op.f('pk_carrier_events'))
    )
    op.create_index('ix_carrier_events_due', 'carrier_events', ['due_at'], unique=False, postgresql_where=sa.text('applied_at is null'))
    op.create_table('carrier_operations',
    sa.Column('workspace_id', sa.Text(), nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('environment', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('resource_id', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('owner', sa.Text(), nullable=True),
    sa.Column('due_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('finished_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('outcome', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.CheckConstraint("state in ('open', 'done')", name=op.f('ck_carrier_operations_state')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_carrier_operations'))
    )
    op.create_index('ix_carrier_operations_due', 'carrier_operations', ['due_at'], unique=False, postgresql_where=sa.text("state = 'open'"))
    op.create_index(op.f('ix_carrier_operations_workspace_id_resource_id'), 'carrier_operations', ['workspace_id', 'resource_id'], unique=False)
    op.create_table('connections',
    sa.Column('workspace_id', sa.Text(), nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('environment', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('mode', sa.Text(), nullable=False),
    sa.Column('backend', sa.Text(), nullable=False),
    sa.Column('instructions', sa.Text(), nullable=False),
    sa.Column('llm', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    sa.Column('tts', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    sa.Column('language', sa.Text(), nullable=True),
    sa.Column('background_audio', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    sa.Column('mcp_servers', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    sa.Column('call_control', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    sa.Column('compliance_enabled', sa.Boolean(), nullable=False),
    sa.Column('sms_auto_reply', sa.Boolean(), nullable=False),
    sa.Column('recording_enabled', sa.Boolean(), nullable=False),
    sa.Column('disclosure', sa.Text(), nullable=False),
    sa.Column('openai_realtime', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    sa.Column('manual_secret', sa.LargeBinary(), nullable=True),
    sa.Column('manual_webhook_url', sa.Text(), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('deleted_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.CheckConstraint("backend in ('network', 'openai_realtime')", name=op.f('ck_connections_backend')),
    sa.CheckConstraint("mode in ('hosted', 'manual')", name=op.f('ck_connections_mode')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_connections'))
    )
    op.create_index('ix_connections_page', 'connections', ['workspace_id', 'environment', 'id'], unique=False, postgresql_where=sa.text('deleted_at is null'))
    op.create_table('consents',
    sa.Column('workspace_id', sa.Text(), nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('environment', sa.Text(), nullable=False),
    sa.Column('number_id', sa.Text(), nullable=False),
    sa.Column('peer_number', sa.Text(), nullable=False),
    sa.Column('consent_type', sa.Text(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('recorded_by', sa.Text(), nullable=False),
    sa.Column('evidence', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('granted_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('revoked_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('revoked_via', sa.Text(), nullable=True),
    sa.CheckConstraint("consent_type in ('implied_inbound', 'explicit_outbound')", name=op.f('ck_consents_consent_type')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_consents'))
    )
    op.create_index('ix_consents_number', 'consents', ['workspace_id', 'number_id', 'id'], unique=False)
    op.create_index('ix_consents_page', 'consents', ['workspace_id', 'environment', 'id'], unique=False)
    op.create_index(op.f('ix_consents_workspace_id_number_id_peer_number_granted_at'), 'consents', ['workspace_id', 'number_id', 'peer_number', 'granted_at'], unique=False)
    op.create_index('uq_consents_active', 'consents', ['workspace_id', 'number_id', 'peer_number'], unique=True, postgresql_where=sa.text('revoked_at is null'))
    op.create_table('custom_voices',
    sa.Column('workspace_id', sa.Text(), nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('environment', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('language', sa.Text(), nullable=False),
    sa.Column('gender', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('failure_reason', sa.Text(), nullable=True),
    sa.Column('sample', sa.LargeBinary(), nullable=False),
    sa.Column('sample_format', sa.Text(), nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('updated_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('deleted_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.CheckConstraint("gender in ('male', 'female', 'neutral')", name=op.f('ck_custom_voices_gender')),
    sa.CheckConstraint("status in ('pending', 'active', 'failed', 'expired')", name=op.f('ck_custom_voices_status')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_custom_voices'))
    )
    op.create_index('ix_custom_voices_page', 'custom_voices', ['workspace_id', 'environment', 'id'], unique=False, postgresql_where=sa.text('deleted_at is null'))
    op.create_table('events',
    sa.Column('workspace_id', sa.Text(), nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('seq', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('environment', sa.Text(), nullable=False),
    sa.Column('event_type', sa.Text(), nullable=False),
    sa.Column('number_id', sa.Text(), nullable=True),
    sa.Column('payload', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_events'))
    )
    op.create_index(op.f('ix_events_workspace_id_seq'), 'events', ['workspace_id', 'seq'], unique=False)
    op.create_table('holds',
    sa.Column('workspace_id', sa.Text(), nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('environment', sa.Text(), nullable=False),
    sa.Column('purpose', sa.Text(), nullable=False),
    sa.Column('resource_id', sa.Text(), nullable=False),
    sa.Column('key_id', sa.Text(), nullable=True),
    sa.Column('month', sa.Text(), nullable=False),
    sa.Column('amount_cents', sa.BigInteger(), nullable=False),
    sa.Column('settled_cents', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('closed_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.CheckConstraint("(state = 'open') = (closed_at is null)", name=op.f('ck_holds_closed')),
    sa.CheckConstraint("purpose in ('message', 'call', 'number')", name=op.f('ck_holds_purpose')),
    sa.CheckConstraint("state in ('open', 'settled', 'released')", name=op.f('ck_holds_state')),
    sa.CheckConstraint('amount_cents >= 0', name=op.f('ck_holds_amount')),
    sa.CheckConstraint('settled_cents between 0 and amount_cents', name=op.f('ck_holds_settled')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_holds')),
    sa.UniqueConstraint('workspace_id', 'resource_id', name=op.f('uq_holds_workspace_id_resource_id'))
    )
    op.create_index('ix_holds_open', 'holds', ['workspace_id', 'environment'], unique=False, postgresql_where=sa.text("state = 'open'"))
    op.create_table('idempotency_records',
    sa.Column('workspace_id', sa.Text(), nullable=False),
    sa.Column('key_id', sa.Text(), nullable=False),
    sa.Column('route', sa.Text(), nullable=False),
    sa.Column('idempotency_key', sa.Text(), nullable=False),
    sa.Column('fingerprint', sa.LargeBinary(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('resource_id', sa.Text(), nullable=True),
    sa.Column('status', sa.Integer(), nullable=True),
    sa.Column('body', sa.LargeBinary(), nullable=True),
    sa.Column('lease_until', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.CheckConstraint("state in ('in_progress', 'done')", name=op.f('ck_idempotency_records_state')),
    sa.PrimaryKeyConstraint('workspace_id', 'key_id', 'route', 'idempotency_key', name=op.f('pk_idempotency_records'))
    )
    op.create_table('key_spend',
    sa.Column('workspace_id', sa.Text(), nullable=False),
    sa.Column('key_id', sa.Text(), nullable=False),
    sa.Column('period', sa.Text(), nullable=False),
    sa.Column('held_cents', sa.BigInteger(), nullable=False),
    sa.Column('settled_cents', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('held_cents >= 0', name=op.f('ck_key_spend_held')),
    sa.CheckConstraint('settled_cents >= 0', name=op.f('ck_key_spend_settled')),
    sa.PrimaryKeyConstraint('workspace_id', 'key_id', 'period', name=op.f('pk_key_spend'))
    )
    op.create_table('ledger_entries',
    sa.Column('workspace_id', sa.Text(), nullable=False),
    sa.Column('environment', sa.Text(), nullable=False),
    sa.Column('seq', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('entry_type', sa.Text(), nullable=False),
    sa.Column('available_delta', sa.BigInteger(), nullable=False),
    sa.Column('held_delta', sa.BigInteger(), nullable=False),
    sa.Column('contra_delta', sa.BigInteger(), nullable=False),
    sa.Column('contra_account', sa.Text(), nullable=True),
    sa.Column('available_after', sa.BigInteger(), nullable=False),
    sa.Column('held_after', sa.BigInteger(), nullable=False),
    sa.Column('hold_id', sa.Text(), nullable=True),
    sa.Column('resource_id', sa.Text(), nullable=True),
    sa.Column('key_id', sa.Text(), nullable=True),
    sa.Column('cause', sa.Text(), nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.CheckConstraint("contra_account in ('card_in', 'promo', 'revenue', 'adjustments')", name=op.f('ck_ledger_entries_contra_account')),
    sa.CheckConstraint("entry_type in ('reserve', 'settle', 'release', 'topup', 'charge', 'adjust')", name=op.f('ck_ledger_entries_entry_type')),
    sa.CheckConstraint('available_after >= 0 and held_after >= 0', name=op.f('ck_ledger_entries_after')),
    sa.CheckConstraint('available_delta + held_delta + contra_delta = 0', name=op.f('ck_ledger_entries_balanced')),
    sa.PrimaryKeyConstraint('workspace_id', 'environment', 'seq', name=op.f('pk_ledger_entries')),
    sa.UniqueConstraint('workspace_id', 'environment', 'cause', name=op.f('uq_ledger_entries_workspace_id_environment_cause'))
    )
    op.create_index(op.f('ix_ledger_entries_workspace_id_environment_created_at'), 'ledger_entries', ['workspace_id', 'environment', 'created_at'], unique=False)
    op.create_index(op.f('ix_ledger_entries_workspace_id_hold_id'), 'ledger_entries', ['workspace_id', 'hold_id'], unique=False)
    op.create_table('members',
    sa.Column('workspace_id', sa.Text(), nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('email', sa.Text(), nullable=False),
    sa.Column('image', sa.Text(), nullable=True),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('system_role', sa.Text(), nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.CheckConstraint("role in ('owner', 'admin', 'member')", name=op.f('ck_members_role')),
    sa.CheckConstraint("system_role in ('admin', 'user')", name=op.f('ck_members_system_role')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_members')),
    sa.UniqueConstraint('workspace_id', 'email', name=op.f('uq_members_workspace_id_email'))
    )
    op.create_table('suppressions',
    sa.Column('workspace_id', sa.Text(), nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('environment', sa.Text(), nullable=False),
    sa.Column('peer_number', sa.Text(), nullable=False),
    sa.Column('origin', sa.Text(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('evidence', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('said_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('lifted_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('lifted_by', sa.Text(), nullable=True),
    sa.CheckConstraint("origin in ('peer', 'workspace')", name=op.f('ck_suppressions_origin')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_suppressions'))
    )
    op.create_index('uq_suppressions_active', 'suppressions', ['workspace_id', 'environment', 'peer_number', 'origin'], unique=True, postgresql_where=sa.text('lifted_at is null'))
    op.create_table('workspaces',
    sa.Column('workspace_id', sa.Text(), nullable=False),
    sa.Column('slug', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('contact', sa.Text(), nullable=True),
    sa.Column('destinations', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('number_quota', sa.Integer(), nullable=False),
    sa.Column('concurrent_calls', sa.Integer(), nullable=False),
    sa.Column('spending_stopped_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('workspace_id', name=op.f('pk_workspaces')),
    sa.UniqueConstraint('slug', name=op.f('uq_workspaces_slug'))
    )
    op.create_table('numbers',
    sa.Column('workspace_id', sa.Text(), nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('environment', sa.Text(), nullable=False),
    sa.Column('e164', sa.Text(), nullable=False),
    sa.Column('country', sa.Text(), nullable=False),
    sa.Column('number_type', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('connection_id', sa.Text(), nullable=True),
    sa.Column('webhook_url', sa.Text(), nullable=True),
    sa.Column('sms_sender_id', sa.Text(), nullable=True),
    sa.Column('caller_id_name', sa.Text(), nullable=True),
    sa.Column('monthly_price_cents', sa.BigInteger(), nullable=False),
    sa.Column('upfront_price_cents', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('hold_id', sa.Text(), nullable=False),
    sa.Column('key_id', sa.Text(), nullable=True),
    sa.Column('carrier', sa.Text(), nullable=False),
    sa.Column('carrier_number_id', sa.Text(), nullable=True),
    sa.Column('carrier_order_id', sa.Text(), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('provisioned_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('next_charge_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('rent_due_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('released_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.CheckConstraint("state in ('reserved', 'active', 'releasing', 'released', 'failed')", name=op.f('ck_numbers_state')),
    sa.ForeignKeyConstraint(['workspace_id', 'connection_id'], ['connections.workspace_id', 'connections.id'], name=op.f('fk_numbers_workspace_id_connection_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_numbers'))
    )
    op.create_index('ix_numbers_connection', 'numbers', ['workspace_id', 'connection_id'], unique=False)
    op.create_index('ix_numbers_page', 'numbers', ['workspace_id', 'environment', 'id'], unique=False)
    op.create_index('ix_numbers_rent', 'numbers', ['rent_due_at', 'workspace_id', 'id'], unique=False, postgresql_where=sa.text("state = 'active'"))
    op.create_index('uq_numbers_in_use', 'numbers', ['e164'], unique=True, postgresql_where=sa.text("state in ('reserved', 'active', 'releasing')"))
    op.create_table('calls',
    sa.Column('workspace_id', sa.Text(), nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('environment', sa.Text(), nullable=False),
    sa.Column('number_id', sa.Text(), nullable=False),
    sa.Column('connection_id', sa.Text(), nullable=True),
    sa.Column('direction', sa.Text(), nullable=False),
    sa.Column('from_number', sa.Text(), nullable=False),
    sa.Column('to_number', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('instructions', sa.Text(), nullable=True),
    sa.Column('plan', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('rate_micros_per_min', sa.BigInteger(), nullable=False),
    sa.Column('duration_sec', sa.Integer(), nullable=True),
    sa.Column('reported_duration_sec', sa.Integer(), nullable=True),
    sa.Column('cost_cents', sa.BigInteger(), nullable=True),
    sa.Column('end_reason', sa.Text(), nullable=True),
    sa.Column('hold_id', sa.Text(), nullable=True),
    sa.Column('key_id', sa.Text(), nullable=True),
    sa.Column('carrier_call_id', sa.Text(), nullable=True),
    sa.Column('owner', sa.Text(), nullable=True),
    sa.Column('lease_until', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('answered_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('ended_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.CheckConstraint("direction in ('inbound', 'outbound')", name=op.f('ck_calls_direction')),
    sa.CheckConstraint("status in ('initiated', 'completed', 'no_answer', 'failed', 'rejected')", name=op.f('ck_calls_status')),
    sa.ForeignKeyConstraint(['workspace_id', 'number_id'], ['numbers.workspace_id', 'numbers.id'], name=op.f('fk_calls_workspace_id_number_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_calls'))
    )
    op.create_index('ix_calls_carrier', 'calls', ['carrier_call_id'], unique=True, postgresql_where=sa.text('carrier_call_id is not null'))
    op.create_index('ix_calls_live', 'calls', ['workspace_id', 'environment'], unique=False, postgresql_where=sa.text("status = 'initiated'"))
    op.create_index('ix_calls_number', 'calls', ['workspace_id', 'number_id', 'id'], unique=False)
    op.create_index('ix_calls_page', 'calls', ['workspace_id', 'environment', 'id'], unique=False)
    op.create_table('messages',
    sa.Column('workspace_id', sa.Text(), nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('environment', sa.Text(), nullable=False),
    sa.Column('number_id', sa.Text(), nullable=False),
    sa.Column('direction', sa.Text(), nullable=False),
    sa.Column('from_number', sa.Text(), nullable=False),
    sa.Column('sender_id', sa.Text(), nullable=True),
    sa.Column('to_number', sa.Text(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('encoding', sa.Text(), nullable=False),
    sa.Column('segments', sa.Integer(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('purpose', sa.Text(), nullable=False),
    sa.Column('hold_id', sa.Text(), nullable=True),
    sa.Column('key_id', sa.Text(), nullable=True),
    sa.Column('cost_cents', sa.BigInteger(), nullable=True),
    sa.Column('carrier_message_id', sa.Text(), nullable=True),
    sa.Column('inbound_id', sa.Text(), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('created_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('handed_off_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.Column('finalized_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.CheckConstraint("direction in ('inbound', 'outbound')", name=op.f('ck_messages_direction')),
    sa.CheckConstraint("purpose in ('customer', 'opt_out', 'help', 'opt_in')", name=op.f('ck_messages_purpose')),
    sa.CheckConstraint("status in ('queued', 'sent', 'delivered', 'undelivered', 'failed', 'received')", name=op.f('ck_messages_status')),
    sa.ForeignKeyConstraint(['workspace_id', 'number_id'], ['numbers.workspace_id', 'numbers.id'], name=op.f('fk_messages_workspace_id_number_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_messages')),
    postgresql_with={'fillfactor': 80}
    )
    op.create_index('ix_messages_inbound', 'messages', ['workspace_id', 'number_id', 'inbound_id'], unique=True, postgresql_where=sa.text('inbound_id is not null'))
    op.create_index('ix_messages_number', 'messages', ['workspace_id', 'number_id', 'id'], unique=False)
    op.create_index('ix_messages_page', 'messages', ['workspace_id', 'environment', 'id'], unique=False)
    op.create_table('call_inputs',
    sa.Column('workspace_id', sa.Text(), nullable=False),
    sa.Column('call_id', sa.Text(), nullable=False),
    sa.Column('seq', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('input', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'call_id'], ['calls.workspace_id', 'calls.id'], name=op.f('fk_call_inputs_workspace_id_call_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'call_id', 'seq', name=op.f('pk_call_inputs'))
    )
    op.create_table('disclosures',
    sa.Column('workspace_id', sa.Text(), nullable=False),
    sa.Column('call_id', sa.Text(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('sha256', sa.LargeBinary(), nullable=False),
    sa.Column('outcome', sa.Text(), nullable=False),
    sa.Column('started_at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('ended_at', postgresql.TIMESTAMP(timezone=True), nullable=True),
    sa.CheckConstraint("outcome in ('started', 'completed', 'peer_hung_up', 'failed')", name=op.f('ck_disclosures_outcome')),
    sa.ForeignKeyConstraint(['workspace_id', 'call_id'], ['calls.workspace_id', 'calls.id'], name=op.f('fk_disclosures_workspace_id_call_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'call_id', name=op.f('pk_disclosures'))
    )
    op.create_table('transcript_turns',
    sa.Column('workspace_id', sa.Text(), nullable=False),
    sa.Column('call_id', sa.Text(), nullable=False),
    sa.Column('seq', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('heard', sa.Text(), nullable=True),
    sa.Column('interrupted', sa.Boolean(), nullable=False),
    sa.Column('at', postgresql.TIMESTAMP(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'call_id'], ['calls.workspace_id', 'calls.id'], name=op.f('fk_transcript_turns_workspace_id_call_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'call_id', 'seq', name=op.f('pk_transcript_turns'))
    )


def downgrade() -> None:
    op.drop_table('transcript_turns')
    op.drop_table('disclosures')
    op.drop_table('call_inputs')
    op.drop_index('ix_messages_page', table_name='messages')
    op.drop_index('ix_messages_number', table_name='messages')
    op.drop_index('ix_messages_inbound', table_name='messages', postgresql_where=sa.text('inbound_id is not null'))
    op.drop_table('messages')
    op.drop_index('ix_calls_page', table_name='calls')
    op.drop_index('ix_calls_number', table_name='calls')
    op.drop_index('ix_calls_live', table_name='calls', postgresql_where=sa.text("status = 'initiated'"))
    op.drop_index('ix_calls_carrier', table_name='calls', postgresql_where=sa.text('carrier_call_id is not null'))
    op.drop_table('calls')
    op.drop_index('uq_numbers_in_use', table_name='numbers', postgresql_where=sa.text("state in ('reserved', 'active', 'releasing')"))
    op.drop_index('ix_numbers_rent', table_name='numbers', postgresql_where=sa.text("state = 'active'"))
    op.drop_index('ix_numbers_page', table_name='numbers')
    op.drop_index('ix_numbers_connection', table_name='numbers')
    op.drop_table('numbers')
    op.drop_table('workspaces')
    op.drop_index('uq_suppressions_active', table_name='suppressions', postgresql_where=sa.text('lifted_at is null'))
    op.drop_table('suppressions')
    op.drop_table('members')
    op.drop_index(op.f('ix_ledger_entries_workspace_id_hold_id'), table_name='ledger_entries')
    op.drop_index(op.f('ix_ledger_entries_workspace_id_environment_created_at'), table_name='ledger_entries')
    op.drop_table('ledger_entries')
    op.drop_table('key_spend')
    op.drop_table('idempotency_records')
    op.drop_index('ix_holds_open', table_name='holds', postgresql_where=sa.text("state = 'open'"))
    op.drop_table('holds')
    op.drop_index(op.f('ix_events_workspace_id_seq'), table_name='events')
    op.drop_table('events')
    op.drop_index('ix_custom_voices_page', table_name='custom_voices', postgresql_where=sa.text('deleted_at is null'))
    op.drop_table('custom_voices')
    op.drop_index('uq_consents_active', table_name='consents', postgresql_where=sa.text('revoked_at is null'))
    op.drop_index(op.f('ix_consents_workspace_id_number_id_peer_number_granted_at'), table_name='consents')
    op.drop_index('ix_consents_page', table_name='consents')
    op.drop_index('ix_consents_number', table_name='consents')
    op.drop_table('consents')
    op.drop_index('ix_connections_page', table_name='connections', postgresql_where=sa.text('deleted_at is null'))
    op.drop_table('connections')
    op.drop_index(op.f('ix_carrier_operations_workspace_id_resource_id'), table_name='carrier_operations')
    op.drop_index('ix_carrier_operations_due', table_name='carrier_operations', postgresql_where=sa.text("state = 'open'"))
    op.drop_table('carrier_operations')
    op.drop_index('ix_carrier_events_due', table_name='carrier_events', postgresql_where=sa.text('applied_at is null'))
    op.drop_table('carrier_events')
    op.drop_table('call_owners')
    op.drop_table('audit_heads')
    op.drop_table('audit_events')
    op.drop_index(op.f('ix_api_keys_workspace_id_environment_created_at'), table_name='api_keys')
    op.drop_index('ix_api_keys_root', table_name='api_keys')
    op.drop_index('ix_api_keys_path', table_name='api_keys', postgresql_using='gin')
    op.drop_index('ix_api_keys_child', table_name='api_keys')
    op.drop_table('api_keys')
    op.drop_table('accounts')
