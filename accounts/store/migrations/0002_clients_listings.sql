-- What the provider's console shows about a client and no answer tells: whether its consent screen is in testing, and
-- when its secret ends.
ALTER TABLE clients ADD COLUMN testing INTEGER NOT NULL DEFAULT 0;
ALTER TABLE clients ADD COLUMN secret_expires_at INTEGER NOT NULL DEFAULT 0;

-- A resource that is not listed any more stays for a while, with the time at which it was missed.
ALTER TABLE resources ADD COLUMN gone_at INTEGER NOT NULL DEFAULT 0;

-- When each service of an account was listed, and when the time before: what is new and what is gone is told from the two.
CREATE TABLE listings (
	account_id TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
	service    TEXT NOT NULL,
	at         INTEGER NOT NULL,
	former_at  INTEGER NOT NULL,
	PRIMARY KEY (account_id, service)
) WITHOUT ROWID;

-- The listings that there are already; the time before them is not known, so that nothing counts as new.
INSERT INTO listings SELECT account_id, service, max(last_seen), 0 FROM resources GROUP BY account_id, service;
