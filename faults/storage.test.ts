import { damaged } from "./storage/damaged.ts"
import { failing, unlockable } from "./storage/failing.ts"
import { full } from "./storage/full.ts"
import { locks } from "./storage/locks.ts"
import { paths } from "./storage/paths.ts"
import { power } from "./storage/power.ts"
import { manyProcesses, oneSession } from "./storage/processes.ts"
import { rows } from "./storage/rows.ts"
import { suite } from "./suite.ts"

suite("RELIABILITY B.3, storage", rows, [
  ...power,
  ...full,
  ...failing,
  ...locks,
  ...oneSession,
  ...manyProcesses,
  ...damaged,
  ...paths,
  ...unlockable
])
