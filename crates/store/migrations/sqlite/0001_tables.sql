CREATE TABLE revision (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    current INTEGER NOT NULL
) STRICT;
INSERT INTO revision (one, current) VALUES (1, 0);

CREATE TABLE table_revisions (
    table_name TEXT NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE deleted_rows (
    table_name TEXT NOT NULL,
    provider_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (table_name, provider_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX deleted_rows_rev ON deleted_rows (table_name, rev);

CREATE TABLE providers (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    timezone TEXT NOT NULL,
    currency TEXT NOT NULL,
    week_starts_on TEXT NOT NULL,
    usage_alignment TEXT NOT NULL,
    usage_rounding TEXT NOT NULL,
    exports_enabled INTEGER NOT NULL,
    rev INTEGER NOT NULL
) STRICT;

CREATE TABLE tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    hash BLOB NOT NULL UNIQUE,
    prefix TEXT NOT NULL,
    name TEXT,
    email TEXT,
    providers TEXT NOT NULL,
    permissions TEXT NOT NULL,
    read_only INTEGER NOT NULL,
    customer_id INTEGER,
    expires_at INTEGER,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER,
    last_used_on INTEGER
) STRICT;

CREATE TABLE idempotency_keys (
    provider_id INTEGER NOT NULL,
    key TEXT NOT NULL,
    request_hash BLOB NOT NULL,
    answer TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (provider_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);

CREATE TABLE secrets (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE "sites" (
    provider_id INTEGER NOT NULL,
    "id" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "timezone" TEXT,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (provider_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX "sites_rev" ON "sites" (rev);

CREATE TABLE "customers" (
    provider_id INTEGER NOT NULL,
    "id" INTEGER NOT NULL,
    "site_id" INTEGER,
    "email" TEXT,
    "first_name" TEXT,
    "last_name" TEXT,
    "name" TEXT,
    "phone" TEXT,
    "date_of_birth" INTEGER,
    "gender" TEXT,
    "language" TEXT,
    "organization" TEXT,
    "is_lead" INTEGER NOT NULL,
    "last_login_at" INTEGER,
    "external_id" TEXT,
    "metadata" TEXT NOT NULL,
    "deleted_at" INTEGER,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (provider_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX "customers_rev" ON "customers" (rev);

CREATE TABLE "addresses" (
    provider_id INTEGER NOT NULL,
    "id" INTEGER NOT NULL,
    "customer_id" INTEGER NOT NULL,
    "type" TEXT NOT NULL,
    "first_name" TEXT,
    "last_name" TEXT,
    "company" TEXT,
    "line1" TEXT NOT NULL,
    "line2" TEXT,
    "city" TEXT,
    "state" TEXT,
    "postal_code" TEXT,
    "country" TEXT NOT NULL,
    "phone" TEXT,
    "is_default" INTEGER NOT NULL,
    "external_id" TEXT,
    "deleted_at" INTEGER,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (provider_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX "addresses_rev" ON "addresses" (rev);

CREATE TABLE "newsletters" (
    provider_id INTEGER NOT NULL,
    "id" INTEGER NOT NULL,
    "site_id" INTEGER,
    "email" TEXT NOT NULL,
    "first_name" TEXT,
    "last_name" TEXT,
    "source" TEXT,
    "lists" TEXT NOT NULL,
    "postal_code" TEXT,
    "consent_url" TEXT,
    "consent_ip" TEXT,
    "consent_text" TEXT,
    "consent_type" TEXT,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (provider_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX "newsletters_rev" ON "newsletters" (rev);

CREATE TABLE "payment_processors" (
    provider_id INTEGER NOT NULL,
    "id" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "type" TEXT,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (provider_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX "payment_processors_rev" ON "payment_processors" (rev);

CREATE TABLE "products" (
    provider_id INTEGER NOT NULL,
    "id" INTEGER NOT NULL,
    "site_id" INTEGER,
    "name" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (provider_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX "products_rev" ON "products" (rev);

CREATE TABLE "plans" (
    provider_id INTEGER NOT NULL,
    "id" INTEGER NOT NULL,
    "product_id" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "amount" INTEGER NOT NULL,
    "currency" TEXT NOT NULL,
    "interval" TEXT NOT NULL,
    "interval_count" INTEGER NOT NULL,
    "shipments_per_interval" INTEGER NOT NULL,
    "recognition" TEXT NOT NULL,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (provider_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX "plans_rev" ON "plans" (rev);

CREATE TABLE "skus" (
    provider_id INTEGER NOT NULL,
    "id" INTEGER NOT NULL,
    "product_id" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "unit_amount" INTEGER NOT NULL,
    "currency" TEXT NOT NULL,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (provider_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX "skus_rev" ON "skus" (rev);

CREATE TABLE "coupons" (
    provider_id INTEGER NOT NULL,
    "id" INTEGER NOT NULL,
    "code" TEXT NOT NULL,
    "name" TEXT,
    "percent_off" INTEGER,
    "amount_off" INTEGER,
    "currency" TEXT,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (provider_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX "coupons_rev" ON "coupons" (rev);

CREATE TABLE "offering_types" (
    provider_id INTEGER NOT NULL,
    "id" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (provider_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX "offering_types_rev" ON "offering_types" (rev);

CREATE TABLE "membership_categories" (
    provider_id INTEGER NOT NULL,
    "id" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (provider_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX "membership_categories_rev" ON "membership_categories" (rev);

CREATE TABLE "instructors" (
    provider_id INTEGER NOT NULL,
    "id" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (provider_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX "instructors_rev" ON "instructors" (rev);

CREATE TABLE "booking_sources" (
    provider_id INTEGER NOT NULL,
    "id" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (provider_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX "booking_sources_rev" ON "booking_sources" (rev);

CREATE TABLE "courses" (
    provider_id INTEGER NOT NULL,
    "id" INTEGER NOT NULL,
    "offering_type_id" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (provider_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX "courses_rev" ON "courses" (rev);

CREATE TABLE "memberships" (
    provider_id INTEGER NOT NULL,
    "id" INTEGER NOT NULL,
    "category_id" INTEGER,
    "name" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "price" INTEGER NOT NULL,
    "currency" TEXT NOT NULL,
    "duration" INTEGER,
    "duration_unit" TEXT,
    "begin_on_first_registration" INTEGER NOT NULL,
    "shareable" INTEGER NOT NULL,
    "allotment" TEXT NOT NULL,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (provider_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX "memberships_rev" ON "memberships" (rev);

CREATE TABLE "customer_memberships" (
    provider_id INTEGER NOT NULL,
    "id" INTEGER NOT NULL,
    "customer_id" INTEGER NOT NULL,
    "membership_id" INTEGER NOT NULL,
    "type" TEXT,
    "status" TEXT NOT NULL,
    "payment_processor_id" INTEGER,
    "purchased_at" INTEGER NOT NULL,
    "start_date" INTEGER,
    "expiration_date" INTEGER,
    "renewal_date" INTEGER,
    "cancelled_at" INTEGER,
    "downgrade_date" INTEGER,
    "upgrade_date" INTEGER,
    "cancellation_reason" TEXT,
    "completed_at" INTEGER,
    "billed_price" INTEGER NOT NULL,
    "currency" TEXT NOT NULL,
    "custom_allotment" TEXT,
    "billing_anchor_day" INTEGER,
    "billing_interval_weeks" INTEGER,
    "shared_with" TEXT NOT NULL,
    "deleted_at" INTEGER,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (provider_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX "customer_memberships_rev" ON "customer_memberships" (rev);

CREATE TABLE "customer_membership_holds" (
    provider_id INTEGER NOT NULL,
    "id" INTEGER NOT NULL,
    "customer_membership_id" INTEGER NOT NULL,
    "start_date" INTEGER NOT NULL,
    "end_date" INTEGER,
    "prorate_usage" INTEGER NOT NULL,
    "days_to_add" INTEGER,
    "payment_resolution_type" TEXT NOT NULL,
    "credit_amount" INTEGER NOT NULL,
    "reactivation_charge_amount" INTEGER NOT NULL,
    "currency" TEXT,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (provider_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX "customer_membership_holds_rev" ON "customer_membership_holds" (rev);
CREATE INDEX "customer_membership_holds_customer_membership_id" ON "customer_membership_holds" (provider_id, "customer_membership_id");

CREATE TABLE "events" (
    provider_id INTEGER NOT NULL,
    "id" INTEGER NOT NULL,
    "offering_type_id" INTEGER NOT NULL,
    "site_id" INTEGER,
    "name" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "starts_at" INTEGER NOT NULL,
    "ends_at" INTEGER NOT NULL,
    "status" TEXT NOT NULL,
    "max_occupancy" INTEGER,
    "course_id" INTEGER,
    "instructor_ids" TEXT NOT NULL,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (provider_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX "events_rev" ON "events" (rev);

CREATE TABLE "attendances" (
    provider_id INTEGER NOT NULL,
    "id" INTEGER NOT NULL,
    "customer_id" INTEGER NOT NULL,
    "event_id" INTEGER NOT NULL,
    "customer_membership_id" INTEGER,
    "status" TEXT NOT NULL,
    "booking_method" TEXT NOT NULL,
    "booking_source_id" INTEGER,
    "comped" INTEGER NOT NULL,
    "checked_in_at" INTEGER,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (provider_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX "attendances_rev" ON "attendances" (rev);
CREATE INDEX "attendances_customer_membership_id" ON "attendances" (provider_id, "customer_membership_id");

CREATE TABLE "subscriptions" (
    provider_id INTEGER NOT NULL,
    "id" INTEGER NOT NULL,
    "customer_id" INTEGER NOT NULL,
    "plan_id" INTEGER NOT NULL,
    "site_id" INTEGER,
    "address_id" INTEGER,
    "status" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "collection_method" TEXT NOT NULL,
    "quantity" INTEGER NOT NULL,
    "auto_renew" INTEGER NOT NULL,
    "currency" TEXT NOT NULL,
    "amount" INTEGER,
    "started_at" INTEGER NOT NULL,
    "current_period_start" INTEGER,
    "current_period_end" INTEGER,
    "trial_end" INTEGER,
    "cancel_at_period_end" INTEGER NOT NULL,
    "canceled_at" INTEGER,
    "cancel_reason" TEXT,
    "ended_at" INTEGER,
    "campaign_key" TEXT,
    "coupon_id" INTEGER,
    "shipments_remaining" INTEGER,
    "external_id" TEXT,
    "metadata" TEXT NOT NULL,
    "deleted_at" INTEGER,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (provider_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX "subscriptions_rev" ON "subscriptions" (rev);

CREATE TABLE "orders" (
    provider_id INTEGER NOT NULL,
    "id" INTEGER NOT NULL,
    "customer_id" INTEGER NOT NULL,
    "address_id" INTEGER,
    "site_id" INTEGER,
    "status" TEXT NOT NULL,
    "amount" INTEGER NOT NULL,
    "shipping_amount" INTEGER NOT NULL,
    "tax" INTEGER NOT NULL,
    "currency" TEXT NOT NULL,
    "coupon_id" INTEGER,
    "date" INTEGER NOT NULL,
    "metadata" TEXT NOT NULL,
    "deleted_at" INTEGER,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (provider_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX "orders_rev" ON "orders" (rev);

CREATE TABLE "order_items" (
    provider_id INTEGER NOT NULL,
    "id" INTEGER NOT NULL,
    "order_id" INTEGER NOT NULL,
    "sku_id" INTEGER,
    "product_id" INTEGER,
    "description" TEXT,
    "quantity" INTEGER NOT NULL,
    "unit_amount" INTEGER NOT NULL,
    "currency" TEXT NOT NULL,
    "fulfilled_at" INTEGER,
    "shipped_at" INTEGER,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (provider_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX "order_items_rev" ON "order_items" (rev);

CREATE TABLE "invoices" (
    provider_id INTEGER NOT NULL,
    "id" INTEGER NOT NULL,
    "number" TEXT,
    "customer_id" INTEGER NOT NULL,
    "subscription_id" INTEGER,
    "order_id" INTEGER,
    "customer_membership_id" INTEGER,
    "site_id" INTEGER,
    "status" TEXT NOT NULL,
    "billing_reason" TEXT,
    "collection_method" TEXT,
    "currency" TEXT NOT NULL,
    "subtotal" INTEGER NOT NULL,
    "discount" INTEGER NOT NULL,
    "tax" INTEGER NOT NULL,
    "total" INTEGER NOT NULL,
    "amount_paid" INTEGER NOT NULL,
    "credit_applied" INTEGER NOT NULL,
    "amount_remaining" INTEGER NOT NULL,
    "is_advance" INTEGER NOT NULL,
    "date" INTEGER NOT NULL,
    "due_date" INTEGER,
    "period_start" INTEGER,
    "period_end" INTEGER,
    "paid_at" INTEGER,
    "voided_at" INTEGER,
    "uncollectible_at" INTEGER,
    "payment_processor_id" INTEGER,
    "purchase_type" TEXT,
    "discount_code" TEXT,
    "is_credit_note" INTEGER NOT NULL,
    "refunded_invoice_id" INTEGER,
    "description" TEXT,
    "metadata" TEXT NOT NULL,
    "deleted_at" INTEGER,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (provider_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX "invoices_rev" ON "invoices" (rev);

CREATE TABLE "invoice_lines" (
    provider_id INTEGER NOT NULL,
    "id" INTEGER NOT NULL,
    "invoice_id" INTEGER NOT NULL,
    "subscription_id" INTEGER,
    "plan_id" INTEGER,
    "customer_membership_id" INTEGER,
    "order_item_id" INTEGER,
    "type" TEXT,
    "description" TEXT,
    "quantity" INTEGER NOT NULL,
    "amount" INTEGER NOT NULL,
    "discount" INTEGER NOT NULL,
    "tax" INTEGER NOT NULL,
    "currency" TEXT NOT NULL,
    "period_start" INTEGER,
    "period_end" INTEGER,
    "is_proration" INTEGER NOT NULL,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (provider_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX "invoice_lines_rev" ON "invoice_lines" (rev);

CREATE TABLE "payments" (
    provider_id INTEGER NOT NULL,
    "id" INTEGER NOT NULL,
    "customer_id" INTEGER,
    "invoice_id" INTEGER,
    "order_id" INTEGER,
    "amount" INTEGER NOT NULL,
    "amount_refunded" INTEGER NOT NULL,
    "currency" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "category" TEXT NOT NULL,
    "destination" TEXT,
    "reference" TEXT,
    "description" TEXT,
    "date" INTEGER NOT NULL,
    "metadata" TEXT NOT NULL,
    "deleted_at" INTEGER,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (provider_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX "payments_rev" ON "payments" (rev);

CREATE TABLE "credit_notes" (
    provider_id INTEGER NOT NULL,
    "id" INTEGER NOT NULL,
    "number" TEXT,
    "invoice_id" INTEGER NOT NULL,
    "customer_id" INTEGER NOT NULL,
    "type" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "reason" TEXT,
    "amount" INTEGER NOT NULL,
    "tax" INTEGER NOT NULL,
    "total" INTEGER NOT NULL,
    "currency" TEXT NOT NULL,
    "refund_id" INTEGER,
    "date" INTEGER NOT NULL,
    "deleted_at" INTEGER,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (provider_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX "credit_notes_rev" ON "credit_notes" (rev);

CREATE TABLE "refunds" (
    provider_id INTEGER NOT NULL,
    "id" INTEGER NOT NULL,
    "payment_id" INTEGER,
    "customer_id" INTEGER,
    "invoice_id" INTEGER,
    "credit_note_id" INTEGER,
    "amount" INTEGER NOT NULL,
    "currency" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "destination" TEXT NOT NULL,
    "reason" TEXT,
    "succeeded_at" INTEGER,
    "deleted_at" INTEGER,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (provider_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX "refunds_rev" ON "refunds" (rev);

CREATE TABLE "balance_transactions" (
    provider_id INTEGER NOT NULL,
    "id" INTEGER NOT NULL,
    "customer_id" INTEGER NOT NULL,
    "type" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "amount" INTEGER NOT NULL,
    "currency" TEXT NOT NULL,
    "invoice_id" INTEGER,
    "payment_id" INTEGER,
    "refund_id" INTEGER,
    "credit_note_id" INTEGER,
    "description" TEXT,
    "date" INTEGER NOT NULL,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (provider_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX "balance_transactions_rev" ON "balance_transactions" (rev);

CREATE TABLE "shipments" (
    provider_id INTEGER NOT NULL,
    "id" INTEGER NOT NULL,
    "subscription_id" INTEGER NOT NULL,
    "invoice_id" INTEGER,
    "issue" TEXT,
    "status" TEXT NOT NULL,
    "approved_at" INTEGER,
    "returned_at" INTEGER,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (provider_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX "shipments_rev" ON "shipments" (rev);

CREATE TABLE "campaigns" (
    provider_id INTEGER NOT NULL,
    "id" INTEGER NOT NULL,
    "site_id" INTEGER,
    "name" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "description" TEXT,
    "product_id" INTEGER,
    "plan_id" INTEGER,
    "coupon_id" INTEGER,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (provider_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX "campaigns_rev" ON "campaigns" (rev);

CREATE TABLE "campaign_runs" (
    provider_id INTEGER NOT NULL,
    "id" INTEGER NOT NULL,
    "campaign_id" INTEGER NOT NULL,
    "started_at" INTEGER NOT NULL,
    "sent" INTEGER NOT NULL,
    "delivered" INTEGER NOT NULL,
    "opened" INTEGER NOT NULL,
    "clicked" INTEGER NOT NULL,
    "converted" INTEGER NOT NULL,
    "revenue" INTEGER NOT NULL,
    "currency" TEXT NOT NULL,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (provider_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX "campaign_runs_rev" ON "campaign_runs" (rev);
