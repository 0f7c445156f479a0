-- Version 2: days whose files are retired by deletion. docs/format.md says what remains of them.

-- Bytes of the day's files that have been deleted: the events of its present file begin there.
ALTER TABLE cursors ADD COLUMN base INTEGER NOT NULL DEFAULT 0;
-- So many bytes of the present file may be deleted at any time, and the CRC32C of these.
ALTER TABLE cursors ADD COLUMN retired INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cursors ADD COLUMN retired_sum INTEGER NOT NULL DEFAULT 0;
