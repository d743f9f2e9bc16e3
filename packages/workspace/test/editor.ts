// Edits the user's and a project's files so many times, as one of several processes. Prints what failed.
import { Effect } from "effect"
import * as ContextFiles from "../src/project/ContextFiles.ts"
import * as PinFiles from "../src/trust/PinFiles.ts"
import * as Trust from "../src/trust/Trust.ts"
import * as UserServers from "../src/config/UserServers.ts"
import * as UserSlots from "../src/config/UserSlots.ts"

const [directory = "", own = "", times = ""] = process.argv.slice(2)
const config = `${directory}/config/config.json`
const place = { user: { databaseFile: `${directory}/data/parley.db` }, workspace: { root: `${directory}/ws` } }

const decodePins = (text: string | undefined): object => (text === undefined ? {} : JSON.parse(text))

const edit = (id: string) =>
  Effect.all([
    UserServers.add(config, id, { command: "true" }),
    UserSlots.add(config, { id, tool: "t" }),
    ContextFiles.add(`${directory}/ws`, [`${id}.md`]),
    PinFiles.update(place.user, "ab", (text) => Effect.succeed({ ...decodePins(text), [id]: 1 })),
    Trust.decide(place, { hash: id, name: id }, "trusted")
  ])

await Effect.runPromise(
  Effect.forEach(
    Array.from({ length: Number(times) }, (_, i) => `s${own}-${i}`),
    edit
  )
)
