import * as LockFile from "@parley/os/LockFile"
import * as ProcessIdentity from "@parley/os/ProcessIdentity"
import { Console, Effect, Schema } from "effect"

class Unusable extends Schema.TaggedError<Unusable>()("Unusable", { cause: Schema.Defect() }) {}

const program = LockFile.withLockFile(
  "work.lock",
  { longestHold: "1 minute", unusable: (cause) => new Unusable({ cause }) },
  Console.log(`process ${ProcessIdentity.pid} works alone`)
)

Effect.runFork(program)
