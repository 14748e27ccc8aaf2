-- Whose turn it is: the provider served longest ago has the smallest number.
CREATE TABLE turns (
    queue TEXT NOT NULL,
    provider_id INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    PRIMARY KEY (queue, provider_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX turns_last ON turns (queue, turn);

-- Attempts that failed since the last one that did not, and until when none is made for that.
ALTER TABLE webhooks ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE webhooks ADD COLUMN rests_until INTEGER;

CREATE INDEX deliveries_waiting ON deliveries (webhook_id, next_attempt_at, id)
    WHERE next_attempt_at IS NOT NULL;
CREATE INDEX deliveries_mails ON deliveries (provider_id, next_attempt_at, id)
    WHERE mailbox IS NOT NULL AND next_attempt_at IS NOT NULL;
CREATE INDEX deliveries_leased ON deliveries (webhook_id, lease_until, provider_id)
    WHERE lease_until IS NOT NULL;
