import { descriptors } from "./storage/descriptors.ts"
import { manyProcesses, oneSession } from "./storage/processes.ts"
import { loadRows } from "./storage/rows.ts"
import { scale } from "./storage/scale.ts"
import { copies, lateCommit, longReader, slowDisk } from "./storage/slow.ts"
import { suite } from "./suite.ts"

suite("RELIABILITY B.3, storage: processes, size and time", loadRows, [
  ...oneSession,
  ...manyProcesses,
  ...scale,
  slowDisk,
  longReader,
  copies,
  lateCommit,
  ...descriptors
])
