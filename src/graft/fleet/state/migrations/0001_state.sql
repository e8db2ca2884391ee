CREATE TABLE package_sets (
  name TEXT PRIMARY KEY,
  registry TEXT NOT NULL,
  scopes TEXT NOT NULL,
  platforms TEXT NOT NULL,
  warn_bytes BIGINT NOT NULL,
  block_bytes BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

CREATE TABLE pins (
  set_name TEXT NOT NULL REFERENCES package_sets (name) ON DELETE CASCADE,
  local_name TEXT NOT NULL,
  specifier TEXT NOT NULL,
  enabled BIGINT NOT NULL,
  added_by TEXT NOT NULL,
  added_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (set_name, local_name)
);

-- Sealed by a key that is not here.
CREATE TABLE registry_tokens (
  set_name TEXT NOT NULL REFERENCES package_sets (name) ON DELETE CASCADE,
  host TEXT NOT NULL,
  sealed TEXT NOT NULL,
  PRIMARY KEY (set_name, host)
);

-- What hosts are to have, and what became of the last attempt to change that.
CREATE TABLE set_states (
  set_name TEXT PRIMARY KEY REFERENCES package_sets (name) ON DELETE CASCADE,
  status TEXT NOT NULL,
  hash TEXT NOT NULL,
  epoch BIGINT NOT NULL,
  error TEXT NOT NULL,
  operation TEXT NOT NULL,
  changed_at BIGINT NOT NULL,
  attempted_at BIGINT NOT NULL
);

-- A release is the same in all sets that have it.
CREATE TABLE releases (
  hash TEXT PRIMARY KEY,
  lock_text TEXT NOT NULL
);

CREATE TABLE release_entries (
  hash TEXT NOT NULL REFERENCES releases (hash) ON DELETE CASCADE,
  position BIGINT NOT NULL,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  integrity TEXT NOT NULL,
  size BIGINT NOT NULL,
  unpacked BIGINT NOT NULL,
  platforms TEXT NOT NULL,
  PRIMARY KEY (hash, position)
);

CREATE TABLE published_releases (
  set_name TEXT NOT NULL REFERENCES package_sets (name) ON DELETE CASCADE,
  hash TEXT NOT NULL REFERENCES releases (hash),
  number BIGINT NOT NULL,
  published_at BIGINT NOT NULL,
  published_by TEXT NOT NULL,
  pinned BIGINT NOT NULL,
  PRIMARY KEY (set_name, hash)
);
CREATE INDEX published_releases_by_hash ON published_releases (hash);

CREATE TABLE blobs (
  integrity TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  store TEXT NOT NULL,
  size BIGINT NOT NULL,
  unpacked BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  unreferenced_at BIGINT NOT NULL
);
CREATE INDEX blobs_by_store ON blobs (store);
CREATE INDEX blobs_by_unreferenced_at ON blobs (unreferenced_at);

-- One row for each lock that there is: its last holder.
CREATE TABLE operations (
  name TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  holder TEXT NOT NULL,
  epoch BIGINT NOT NULL,
  since BIGINT NOT NULL
);

CREATE TABLE storage (
  name TEXT PRIMARY KEY,
  active TEXT NOT NULL,
  status TEXT NOT NULL,
  target TEXT NOT NULL,
  moved BIGINT NOT NULL,
  total BIGINT NOT NULL,
  error TEXT NOT NULL,
  updated_at BIGINT NOT NULL
);
INSERT INTO storage VALUES ('storage', '', 'idle', '', 0, 0, '', 0);

CREATE TABLE host_reports (
  host TEXT NOT NULL,
  set_name TEXT NOT NULL REFERENCES package_sets (name) ON DELETE CASCADE,
  hash TEXT NOT NULL,
  status TEXT NOT NULL,
  platform TEXT NOT NULL,
  error TEXT NOT NULL,
  pulled_bytes BIGINT NOT NULL,
  pulled_blobs BIGINT NOT NULL,
  milliseconds BIGINT NOT NULL,
  version TEXT NOT NULL,
  reported_at BIGINT NOT NULL,
  converged_at BIGINT NOT NULL,
  PRIMARY KEY (host, set_name)
);

-- Of a secret there is only its sha256.
CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,
  role TEXT NOT NULL,
  label TEXT NOT NULL,
  host TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL,
  revoked_at BIGINT NOT NULL
);

CREATE TABLE events (
  id BIGINT PRIMARY KEY,
  kind TEXT NOT NULL,
  set_name TEXT NOT NULL,
  data TEXT NOT NULL,
  at BIGINT NOT NULL
);
