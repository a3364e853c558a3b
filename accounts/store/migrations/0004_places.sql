-- When a place was last looked at in vain, because its machine could not be reached; 0 = the last look told what lies
-- there. What was seen before stays what is known of it.
ALTER TABLE places ADD COLUMN unreached_at INTEGER NOT NULL DEFAULT 0;
