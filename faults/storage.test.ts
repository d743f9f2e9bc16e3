import { damaged } from "./storage/damaged.ts"
import { edited } from "./storage/edited.ts"
import { failing, unlockable } from "./storage/failing.ts"
import { full } from "./storage/full.ts"
import { locks } from "./storage/locks.ts"
import { moved } from "./storage/moved.ts"
import { paths } from "./storage/paths.ts"
import { power } from "./storage/power.ts"
import { readable } from "./storage/readable.ts"
import { diskRows } from "./storage/rows.ts"
import { later, older } from "./storage/versions.ts"
import { suite } from "./suite.ts"

suite("RELIABILITY B.3, storage: disk and files", diskRows, [
  ...power,
  ...full,
  ...failing,
  ...locks,
  ...damaged,
  ...paths,
  ...readable,
  ...older,
  ...later,
  ...moved,
  ...edited,
  ...unlockable
])
