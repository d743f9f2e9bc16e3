import { chmodSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"

/** What the first version of the store executed, word for word. */
const statements = [
  "PRAGMA application_id = 1349676153",
  `CREATE TABLE sessions (
      key INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE CHECK (id <> ''),
      workspace TEXT NOT NULL,
      title TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      updated_at INTEGER NOT NULL,
      head INTEGER NOT NULL,
      rounds INTEGER NOT NULL,
      open INTEGER NOT NULL CHECK (open IN (0, 1)),
      input_tokens INTEGER NOT NULL,
      output_tokens INTEGER NOT NULL,
      cache_read_tokens INTEGER NOT NULL,
      cache_write_tokens INTEGER NOT NULL,
      cost REAL NOT NULL
    ) STRICT`,
  `CREATE TABLE events (
      session INTEGER NOT NULL REFERENCES sessions (key) ON DELETE CASCADE,
      seq INTEGER NOT NULL,
      at INTEGER NOT NULL,
      body TEXT NOT NULL,
      delta_of TEXT,
      PRIMARY KEY (session, seq)
    ) STRICT, WITHOUT ROWID`,
  "CREATE INDEX events_deltas ON events (session, delta_of) WHERE delta_of IS NOT NULL",
  "PRAGMA user_version = 1",
  "PRAGMA journal_mode = WAL"
]

/**
 * A database of version 1 with the session `old`, whose round is open. `totals` are the tokens and the cost of the session:
 * of turns that its log does not hold, unless they are zeros.
 */
export const create = (filename: string, totals = "5, 6, 7, 8, 0.5"): void => {
  const db = new DatabaseSync(filename)
  for (const statement of statements) db.exec(statement)
  db.exec(`INSERT INTO sessions VALUES (1, 'old', '/w', 'Hello', 10, 20, 2, 1, 1, ${totals})`)
  const insert = db.prepare("INSERT INTO events VALUES (1, ?, 20, ?, ?)")
  insert.run(1, '{"_tag":"RoundStarted","roundId":"r1","request":[{"_tag":"Text","text":"Hello"}]}', null)
  insert.run(2, '{"_tag":"TurnDelta","turnId":"r1t1","chunks":[{"_tag":"TextDelta","index":0,"text":"Hi"}]}', "r1t1")
  db.close()
  chmodSync(filename, 0o600)
}
