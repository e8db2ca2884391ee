-- What a release was made for; none are all platforms.
ALTER TABLE releases ADD COLUMN platforms TEXT NOT NULL DEFAULT '[]';
