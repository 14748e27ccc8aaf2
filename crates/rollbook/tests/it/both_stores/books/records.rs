//! Small sets of records, imported through the command line.

use std::path::Path;

use crate::server::{TestDataFolder, run};

/// The autumn of a subscriber: an invoice with tax, a prepayment, an order, a void, a note, a
/// refund.
pub(crate) const AUTUMN: &[(&str, &str)] = &[
    ("customers", "id,name,email\n1,Ada,ada@example.org\n2,\"Bob, the \"\"builder\"\"\",=cmd()\n"),
    ("sites", "id,name\n1,North\n2,South\n"),
    ("products", "id,name\n1,Daily\n"),
    ("plans", "id,product_id,name,amount,currency\n1,1,Monthly,10000,usd\n"),
    (
        "subscriptions",
        "id,customer_id,plan_id,site_id,status,currency,started_at\n\
         1,1,1,1,active,usd,2024-10-01T00:00:00Z\n2,2,1,2,active,usd,2024-10-01T00:00:00Z\n",
    ),
    (
        "orders",
        "id,customer_id,status,amount,shipping_amount,currency,date\n\
         3,2,fulfilled,5800,800,usd,2024-10-24T00:00:00Z\n",
    ),
    (
        "order_items",
        "id,order_id,description,quantity,unit_amount,currency,fulfilled_at\n\
         30,3,Mugs,2,2000,usd,2024-10-25T00:00:00Z\n31,3,Hat,1,1000,usd,2024-10-25T00:00:00Z\n",
    ),
    (
        "invoices",
        "id,number,customer_id,subscription_id,order_id,status,subtotal,tax,total,currency,date,voided_at\n\
         1,A-1,1,1,,paid,10000,1000,11000,usd,2024-10-15T00:00:00Z,\n\
         2,A-2,2,2,,paid,50000,0,50000,usd,2024-10-01T00:00:00Z,\n\
         3,A-3,2,,3,open,5800,0,5800,usd,2024-10-24T00:00:00Z,\n\
         4,A-4,1,1,,void,10000,1000,11000,usd,2024-10-15T00:00:00Z,2024-10-20T12:00:00Z\n\
         5,A-5,1,,,open,700,0,700,usd,2024-10-30T00:00:00Z,\n\
         6,E-1,1,1,,open,900,0,900,eur,2024-09-30T00:00:00Z,\n",
    ),
    (
        "invoice_lines",
        "id,invoice_id,plan_id,description,amount,tax,currency,period_start,period_end\n\
         10,1,1,Monthly,10000,1000,usd,2024-10-15T00:00:00Z,2024-11-15T00:00:00Z\n\
         20,2,1,Monthly,50000,0,usd,2024-10-01T00:00:00Z,2024-11-01T00:00:00Z\n\
         40,4,1,Monthly,10000,1000,usd,2024-10-15T00:00:00Z,2024-11-15T00:00:00Z\n\
         50,5,,Drop-in,600,0,usd,,\n\
         60,6,1,Monthly,900,0,eur,2024-10-01T00:00:00Z,2024-11-01T00:00:00Z\n",
    ),
    (
        "payments",
        "id,customer_id,invoice_id,amount,currency,status,type,category,reference,date\n\
         1,1,1,11000,usd,succeeded,online,Card,ch_1,2024-10-15T10:00:00Z\n\
         2,2,2,50000,usd,succeeded,offline,Check,,2024-10-20T00:00:00Z\n\
         3,2,,100000,usd,succeeded,offline,Transfer,,2024-10-25T00:00:00Z\n\
         4,1,,700,usd,failed,online,Card,,2024-10-25T00:00:00Z\n",
    ),
    (
        "balance_transactions",
        "id,customer_id,type,kind,amount,currency,invoice_id,payment_id,date\n\
         1,2,credit,payment,-100000,usd,,3,2024-10-25T00:00:00Z\n\
         2,1,credit,gift,-70,usd,,,2024-11-03T00:00:00Z\n",
    ),
    (
        "credit_notes",
        "id,number,invoice_id,customer_id,type,amount,tax,total,currency,refund_id,date\n\
         1,N-1,2,2,post_payment,5000,0,5000,usd,1,2024-11-04T00:00:00Z\n",
    ),
    (
        "refunds",
        "id,payment_id,amount,currency,status,type,destination,reason,credit_note_id,succeeded_at\n\
         1,2,5000,usd,succeeded,offline,offline,kindness,1,2024-11-05T00:00:00Z\n",
    ),
];

/// Returns a data folder with one provider in UTC and these tables, each given as CSV.
pub(crate) fn imported(tables: &[(&str, &str)]) -> TestDataFolder {
    let data = TestDataFolder::empty();
    data.add_provider(1, "UTC", "usd");
    import(&data, tables);
    data
}

pub(crate) fn import(data: &TestDataFolder, tables: &[(&str, &str)]) {
    let folder = tempfile::tempdir().unwrap();
    for (table, csv) in tables {
        std::fs::write(folder.path().join(format!("{table}.csv")), csv).unwrap();
    }
    import_folder(data, "1", folder.path());
}

pub(crate) fn import_folder(data: &TestDataFolder, provider: &str, folder: &Path) {
    let folder = folder.to_str().unwrap();
    run(&["import", "--data", data.path(), "--provider", provider, folder]);
}
