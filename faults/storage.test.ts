import { damaged } from "./storage/damaged.ts"
import { edited } from "./storage/edited.ts"
import { failing, unlockable } from "./storage/failing.ts"
import { full } from "./storage/full.ts"
import { locks } from "./storage/locks.ts"
import { moved } from "./storage/moved.ts"
import { paths } from "./storage/paths.ts"
import { power } from "./storage/power.ts"
import { manyProcesses, oneSession } from "./storage/processes.ts"
import { readable } from "./storage/readable.ts"
import { rows } from "./storage/rows.ts"
import { copies, lateCommit, longReader, slowDisk } from "./storage/slow.ts"
import { descriptors } from "./storage/descriptors.ts"
import { scale } from "./storage/scale.ts"
import { later, older } from "./storage/versions.ts"
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
  ...readable,
  ...older,
  ...later,
  ...moved,
  ...edited,
  ...scale,
  slowDisk,
  longReader,
  copies,
  lateCommit,
  ...descriptors,
  ...unlockable
])
