"""Rows with everything that is awkward in a file."""

TEXTS = [
    'Ann "A" Lee, Jr', "=1+1", "Zoë 🎉 e\u0301", "007", "two\nlines", "", " both sides ", "-5 applied",
    "-5", "+44 20 7946 0958", "+1 call me", "@SUM(A1)", "\tafter a tab", "cr\r\nlf", '"', '""', ",", ";",
    "'quoted'", "NULL", "null", "NaN", "nan", "N/A", "true", "1e5", "0x1F", "2026-01-05", "01/02/2026",
    "12:30", "\\N", "back\\slash", "a|b", "<b>&amp;</b>", "_x0041_", "日本語", "مرحبا", "#REF!", "1,234.50",
    "ends with cr\r", "\u00a0nbsp\u00a0", "\ufeffmark", "x" * 3000, "(1)", "50%", "£5",
]
ID_LARGE = 9_007_199_254_740_000
ID_MAX = 9_007_199_254_740_991
CURRENCIES = ["gbp", "jpy", "kwd", "usd", "eur"]


def text(number):
    return TEXTS[number % len(TEXTS)]


def customers():
    for number in range(2 * len(TEXTS)):
        yield {
            "id": number + 1, "name": text(number), "email": f"c{number}@example.com" if number % 3 else None,
            "first_name": text(number + 7), "last_name": text(number + 13), "phone": text(number + 9),
            "date_of_birth": [None, "1900-02-28", "1899-12-31", "2000-02-29", "1984-07-01"][number % 5],
            "gender": text(number + 1), "external_id": text(number + 3), "organization": text(number + 5),
            "is_lead": number % 4 == 0, "created_at": instant(number), "last_login_at": instant(number) if number % 2 else None,
        }
    for number, row in enumerate([ID_LARGE, ID_MAX]):
        yield {"id": row, "name": "large", "created_at": instant(number)}


def instant(number):
    fraction = ["", ".5", ".000001", ".123456", ".120"][number % 5]
    return f"20{10 + number % 16}-{1 + number % 12:02}-{1 + number % 28:02}T{number % 24:02}:59:59{fraction}Z"


def addresses():
    for number in range(0, 2 * len(TEXTS), 3):
        yield {"id": number + 1, "customer_id": number + 1, "type": "shipping", "line1": text(number) or "-",
               "line2": text(number + 1), "city": text(number + 2), "country": "GB", "postal_code": text(number + 3)}


def sites():
    yield {"id": 1, "name": "=HYPERLINK(\"x\")", "timezone": "Europe/London"}


def amount(number):
    return [0, 5, -5, 100, 123_456_789, 99_999_999_999_999, 9_007_199_254_740_991, 1][number % 8]


def balance_transactions():
    for number in range(3 * len(TEXTS)):
        size = abs(amount(number)) % 1_000_000_000_000
        debit = number % 3 == 0
        yield {"id": number + 1, "customer_id": 1 + number % len(TEXTS), "type": "debit" if debit else "credit",
               "amount": size if debit else -size, "currency": CURRENCIES[number % 5],
               "description": None if number % 11 == 0 else text(number), "date": instant(number)}


def memberships():
    for number, kind in enumerate(["pack", "prepaid", "recurring"] * 4):
        yield {"id": number + 1, "name": text(number) or "none", "type": kind, "price": 900, "currency": "gbp"}


def customer_memberships():
    for number in range(400):
        cancelled = number % 7 == 0
        day = f"2025-{1 + number % 12:02}-{1 + number % 28:02}"
        yield {"id": number + 1, "customer_id": 1 + number % 40, "membership_id": 1 + number % 12,
               "status": "cancelled" if cancelled else ["active", "completed", "hold"][number % 3],
               "purchased_at": f"{day}T09:00:00Z", "start_date": None if number % 9 == 0 else day,
               "expiration_date": "2026-05-05" if number % 5 == 0 else None,
               "cancelled_at": "2026-03-01T00:00:00Z" if cancelled else None,
               "completed_at": "2026-02-10T12:00:00Z" if number % 3 == 1 and not cancelled else None,
               "billed_price": abs(amount(number)) % 10_000_000_000, "currency": CURRENCIES[number % 3]}


def invoices():
    for number in range(2 * len(TEXTS)):
        total = amount(number) if number % 8 != 6 else 7
        yield {"id": number + 1 if number else ID_MAX, "number": text(number), "customer_id": 1 + number % len(TEXTS),
               "status": ["draft", "open", "paid", "past_due"][number % 4], "currency": CURRENCIES[number % 5],
               "subtotal": total, "total": total, "discount": number % 3, "tax": number,
               "date": instant(number), "due_date": None if number % 4 == 1 else f"2026-01-{1 + number % 28:02}",
               "paid_at": instant(number + 1) if number % 4 == 2 else None,
               "is_credit_note": total < 0, "discount_code": text(number + 4) if number % 2 else None,
               "purchase_type": [None, "class", "membership", "store"][number % 4]}


def invoice_lines():
    for number in range(2 * len(TEXTS)):
        yield {"id": number + 1, "invoice_id": 2 + number // 3, "description": text(number),
               "amount": 5, "currency": CURRENCIES[(1 + number // 3) % 5], "type": "item"}


def payments():
    for number in range(1, len(TEXTS)):
        yield {"id": number, "customer_id": 1 + number % len(TEXTS), "invoice_id": number + 1,
               "amount": 1000 + number, "currency": CURRENCIES[number % 5], "status": ["succeeded", "pending", "failed"][number % 3],
               "type": "online", "category": "Card", "date": instant(number)}


# Parents before children.
TABLES = [sites, customers, addresses, balance_transactions, memberships, customer_memberships, invoices,
          invoice_lines, payments]
