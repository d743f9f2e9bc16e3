import { argv } from "node:process"
import * as EngineRecording from "@parley/app/EngineRecording"
import * as RecordingFile from "@parley/app/RecordingFile"
import * as Replay from "@parley/session/Replay"
import * as SqliteSessions from "@parley/store/SqliteSessions"
import { Effect } from "effect"

/** Replays a recording into a database: `replayInto.ts RECORDING DATABASE`. Prints the time zone, and what it found. */
const [, , name = "", filename = ""] = argv
const sessions = SqliteSessions.layer({ filename })

const program = Effect.gen(function* () {
  const recorded = yield* RecordingFile.read(name)
  const options = yield* EngineRecording.replaying(name, recorded)
  return yield* Replay.run({ ...options, sessions })
})

void Effect.runPromise(program).then((report) => {
  const { locale, timeZone } = Intl.DateTimeFormat().resolvedOptions()
  process.stdout.write(JSON.stringify({ ...report, timeZone, locale }))
})
