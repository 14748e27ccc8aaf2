//! The records that the ledger reads, and their readers for stored cells.
//!
//! | module | holds |
//! | --- | --- |
//! | `reader` | reads records from cells by the catalogue's column names |
//! | `invoice` | invoices and their lines |
//! | `settlement` | payments, refunds, credit notes, balance transactions |
//! | `goods` | orders, order items, shipments |
//! | `record_tables` | the rows of a part of the books |
//! | `directory` | records looked up by id: customers, subscriptions, plans, products, SKUs |

mod directory;
mod goods;
mod invoice;
mod reader;
mod record_tables;
mod settlement;

pub use directory::{
    Customer, Directory, PlanRecord, Product, RecognitionBasis, Sku, Subscription,
};
pub use goods::{Order, OrderItem, Shipment, ShipmentStatus};
pub use invoice::{Invoice, InvoiceLine, InvoiceStatus};
pub use reader::{RecordCells, RecordReader, TableRecord};
pub use record_tables::RecordTables;
pub use settlement::{
    BalanceKind, BalanceTransaction, CreditNote, NoteType, Payment, PaymentChannel, Refund,
    RefundDestination,
};
