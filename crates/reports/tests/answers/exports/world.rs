//! A small business with at least one record of every kind.

/// The tables of the business. Records without `created_at` are from 2020.
pub(super) const WORLD: &str = "
sites
 id | name
 1  | Journal
 2  | Magazine

customers
 id | site_id | email | first_name | last_name | name | date_of_birth | is_lead | metadata | created_at | updated_at | deleted_at
 7 | 1 | Ann@Example.com | Ann | Lee | Ann Lee | 1990-02-03 | false | {\"size\":\"L\",\"n\":1.50,\"ok\":true,\"none\":null} | 2024-01-05T10:00:00Z | 2024-03-05T10:00:00Z | -
 8 | 2 | bob@example.com | Bob | -   | Bob | - | true | {} | 2024-01-06T10:00:00Z | 2024-01-06T10:00:00Z | -
 9 | - | cy@example.com | Cy | Ö | Cy Ö | - | false | {\"ärger\":[1,\"a\"],\"size\":{\"a\":1}} | 2024-01-07T10:00:00Z | 2024-01-07T10:00:00Z | -
 10 | 1 | gone@example.com | - | - | - | - | false | {\"size\":\"S\"} | 2024-01-08T10:00:00Z | 2024-01-08T10:00:00Z | 2024-01-09T00:00:00Z

addresses
 id | customer_id | type | first_name | last_name | company | line1 | city | country | phone | is_default | created_at | deleted_at
 20 | 7 | billing  | Ann | Lee | -    | 1 Mill Rd | Leeds | GB | 01 | false | 2024-01-05T10:00:00Z | -
 21 | 7 | billing  | Ann | Lee | Acme | 2 Mill Rd | York  | GB | -  | true  | 2024-01-05T10:00:01Z | -
 22 | 7 | shipping | Ann | -   | -    | 3 Mill Rd | Paris | FR | -  | true  | 2024-01-05T10:00:02Z | -
 23 | 8 | billing  | -   | -   | -    | 4 Mill Rd | Rome  | IT | -  | true  | 2024-01-06T10:00:00Z | 2024-01-07T00:00:00Z
 24 | 8 | billing  | -   | -   | -    | 5 Mill Rd | Rome  | IT | -  | false | 2024-01-06T10:00:00Z | -

newsletters
 id | site_id | email | first_name | source | lists | consent_type | created_at
 30 | 1 | Ann@Example.com | Ann | FOOTER | [weekly,daily] | optin | 2024-01-05T10:00:00Z
 31 | - | ÉVE@example.com | - | - | [] | - | 2024-01-06T10:00:00Z

payment_processors
 id | name
 1 | Stripe

products
 id | name | kind
 40 | Journal | subscription
 41 | Club | membership
 42 | Mugs | ecommerce

plans
 id | product_id | name | amount | currency | interval | interval_count
 50 | 40 | Monthly | 1000 | usd | month | 1
 51 | 41 | Yearly | 5000 | jpy | year | 1
 52 | 40 | Weekly | 300 | usd | week | 2

skus
 id | product_id | name | unit_amount | currency
 60 | 42 | Red mug | 800 | gbp
 61 | 42 | Blue mug | 900 | gbp

coupons
 id | code
 70 | SAVE

subscriptions
 id | customer_id | plan_id | site_id | status | type | collection_method | quantity | auto_renew | currency | amount | started_at | current_period_end | cancel_at_period_end | ended_at | coupon_id | campaign_key | created_at | updated_at | deleted_at
 80 | 7 | 50 | 1 | active | regular | charge_automatically | 2 | true | usd | 2000 | 2024-01-10T00:00:00Z | 2024-02-10T00:00:00Z | false | - | 70 | spring | 2024-01-10T00:00:00Z | 2024-03-05T00:00:00Z | -
 81 | 8 | 51 | 2 | canceled | regular | send_invoice | 1 | true | jpy | 5000 | 2024-01-11T00:00:00Z | 2025-01-11T00:00:00Z | false | 2024-03-01T00:00:00Z | - | - | 2024-01-11T00:00:00Z | 2024-03-01T00:00:00Z | -
 82 | 9 | 52 | - | trialing | membership | charge_automatically | 1 | false | usd | 300 | 2024-01-12T00:00:00Z | 2024-01-26T00:00:00Z | false | - | - | - | 2024-01-12T00:00:00Z | 2024-01-12T00:00:00Z | -
 83 | 7 | 50 | 1 | active | regular | charge_automatically | 1 | true | usd | 1000 | 2024-01-13T00:00:00Z | 2024-02-13T00:00:00Z | true | - | - | - | 2024-01-13T00:00:00Z | 2024-01-13T00:00:00Z | 2024-01-14T00:00:00Z

orders
 id | customer_id | address_id | site_id | status | amount | shipping_amount | tax | currency | coupon_id | date | created_at
 90 | 7 | 22 | 1 | fulfilled | 2900 | 500 | 100 | gbp | 70 | 2024-01-15T00:00:00Z | 2024-01-15T00:00:00Z
 91 | 8 | -  | 2 | created | 800 | 0 | 0 | gbp | - | 2024-01-16T00:00:00Z | 2024-01-16T00:00:00Z
 92 | 9 | -  | - | returned | 0 | 0 | 0 | gbp | - | 2024-01-17T00:00:00Z | 2024-01-17T00:00:00Z

order_items
 id | order_id | sku_id | product_id | description | quantity | unit_amount | currency | fulfilled_at | shipped_at | created_at
 100 | 90 | 60 | -  | \"Mug\"  | 2 | 800 | gbp | 2024-01-18T00:00:00Z | - | 2024-01-15T00:00:00Z
 101 | 90 | -  | 40 | Poster | 1 | 900 | gbp | 2024-01-19T00:00:00Z | - | 2024-01-15T00:00:00Z
 102 | 91 | 61 | 42 | - | 1 | 800 | gbp | - | - | 2024-01-16T00:00:00Z

invoices
 id | number | customer_id | subscription_id | order_id | site_id | status | billing_reason | currency | subtotal | discount | tax | total | amount_paid | credit_applied | amount_remaining | date | due_date | paid_at | payment_processor_id | metadata | created_at | updated_at | deleted_at
 17 | A,1 | 7 | 80 | -  | 1 | paid | cycle | usd | 11000 | 500 | 500 | 11000 | 10000 | 1000 | 0 | 2024-01-02T03:04:05Z | 2024-02-01 | 2024-01-03T00:00:00Z | 1 | {\"po\":\"x\"} | 2024-01-02T03:04:05Z | 2024-01-02T03:04:05Z | -
 18 | A2 | 8 | 81 | -  | 2 | open | - | jpy | 500 | 0 | 0 | 500 | 0 | 0 | 500 | 2024-01-04T00:00:00Z | - | - | - | {} | 2024-01-04T00:00:00Z | 2024-02-04T00:00:00Z | -
 19 | A3 | 7 | -  | 90 | - | draft | - | gbp | 2900 | 0 | 0 | 2900 | 0 | 0 | 2900 | 2024-01-15T00:00:00Z | - | - | - | {} | 2024-01-15T00:00:00Z | 2024-01-15T00:00:00Z | -
 20 | A4 | 7 | 80 | 90 | 1 | void | - | gbp | 100 | 0 | 0 | 100 | 0 | 0 | 100 | 2024-01-20T00:00:00Z | - | - | - | {} | 2024-01-20T00:00:00Z | 2024-01-20T00:00:00Z | 2024-01-21T00:00:00Z
 21 | A5 | 7 | 80 | 90 | 1 | paid | - | gbp | 2900 | 0 | 0 | 2900 | 2900 | 0 | 0 | 2024-01-02T03:04:05Z | - | - | - | {} | 2024-01-16T00:00:00Z | 2024-01-16T00:00:00Z | -

invoice_lines
 id | invoice_id | plan_id | subscription_id | description | quantity | amount | discount | tax | currency | period_start | is_proration | created_at
 203 | 17 | 52 | 82 | Second | 1 | 1000 | 0 | 0 | usd | - | true | 2024-01-02T03:04:05Z
 202 | 17 | 50 | - | Say \"first\" | 1 | 9000 | 500 | 500 | usd | 2024-01-02T00:00:00Z | false | 2024-01-02T03:04:05Z
 201 | 17 | - | - | - | 2 | 500 | 0 | 0 | usd | - | false | 2024-01-02T03:04:05Z
 204 | 18 | - | - | Yen | 1 | 500 | 0 | 0 | jpy | - | false | 2024-01-04T00:00:00Z

payments
 id | customer_id | invoice_id | amount | amount_refunded | currency | status | type | category | destination | date | created_at
 300 | 7 | 17 | 10000 | 2500 | usd | succeeded | online | Card | bank-1 | 2024-01-03T00:00:00Z | 2024-01-03T00:00:00Z
 301 | - | 18 | 500 | 0 | jpy | pending | offline | Cash | - | 2024-01-05T00:00:00Z | 2024-01-05T00:00:00Z
 302 | 9 | - | 700 | 700 | usd | failed | online | Wire | - | 2024-01-06T00:00:00Z | 2024-01-06T00:00:00Z

credit_notes
 id | number | invoice_id | customer_id | type | status | reason | amount | tax | total | currency | refund_id | date | created_at
 400 | CN-1 | 17 | 7 | post_payment | issued | duplicate | 1000 | 100 | 1100 | usd | 500 | 2024-01-10T00:00:00Z | 2024-01-10T00:00:00Z
 401 | CN-2 | 18 | 8 | pre_payment | void | - | 500 | 0 | 500 | jpy | - | 2024-01-11T00:00:00Z | 2024-01-11T00:00:00Z

refunds
 id | payment_id | customer_id | invoice_id | credit_note_id | amount | currency | status | type | destination | reason | succeeded_at | created_at | deleted_at
 500 | 300 | - | -  | 400 | 1100 | usd | succeeded | online | card | fraud | 2024-01-11T00:00:00Z | 2024-01-11T00:00:00Z | -
 501 | 301 | - | 17 | - | 1400 | usd | succeeded | offline | offline | - | - | 2024-01-12T00:00:00Z | -
 502 | -   | - | 18 | - | 5 | jpy | failed | online | card | - | - | 2024-01-13T00:00:00Z | -
 503 | 300 | 9 | -  | - | 9 | usd | succeeded | online | card | - | - | 2024-01-14T00:00:00Z | 2024-01-15T00:00:00Z

balance_transactions
 id | customer_id | type | kind | amount | currency | invoice_id | description | date | created_at
 600 | 7 | credit | gift | -5000 | gbp | -  | Gift | 2024-01-05T00:00:00Z | 2024-01-05T00:00:00Z
 601 | 7 | debit | applied_to_invoice | 1000 | gbp | -  | Used | 2024-01-04T00:00:00Z | 2024-01-06T00:00:00Z
 602 | 7 | credit | adjustment | -300 | usd | 17 | - | 2024-01-04T00:00:00Z | 2024-02-06T00:00:00Z
 603 | 8 | credit | adjustment | -70 | jpy | -  | - | 2024-01-04T00:00:00Z | 2024-01-07T00:00:00Z

campaigns
 id | site_id | name | key | type | product_id | plan_id | coupon_id
 700 | 1 | Spring | spring | promotional | 40 | 50 | 70
 701 | 2 | Autumn | autumn | renewal | - | - | -

campaign_runs
 id | campaign_id | started_at | sent | delivered | opened | clicked | converted | revenue | currency | created_at
 800 | 700 | 2024-01-08T00:00:00Z | 3 | 2 | 1 | 1 | 0 | 12345 | usd | 2024-01-08T00:00:00Z
 801 | 701 | 2024-01-09T00:00:00Z | 0 | 0 | 0 | 0 | 0 | 0 | usd | 2024-01-09T00:00:00Z
";
