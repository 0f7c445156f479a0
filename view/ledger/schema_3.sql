-- Version 3. What the files of days look like of which all is posted, so that nobody has to open them to see that.
CREATE TABLE glances (
	day      TEXT PRIMARY KEY,
	size     INTEGER NOT NULL,
	modified INTEGER NOT NULL, -- nanoseconds since 1970
	device   INTEGER NOT NULL,
	inode    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
