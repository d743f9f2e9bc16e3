import { closeSync, openSync, readFileSync, statSync, truncateSync, writeFileSync, writeSync } from "node:fs"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { Case } from "../suite.ts"
import { engine, home } from "../../packages/harness/src/sessions/home.ts"
import { post } from "../support/post.ts"
import { bytes, image, type Machine, machine, refused } from "./machine.ts"
import { answering, talk } from "./talk.ts"

const overwrite = (path: string, position: number, length: number, fill: (i: number) => number) => {
  const file = openSync(path, "r+")
  writeSync(
    file,
    Uint8Array.from({ length }, (_, i) => fill(i)),
    0,
    length,
    position
  )
  closeSync(file)
}

const page = 4096

/** Ways to damage the database that the command uses. */
const damages: { readonly [name: string]: (database: string) => void } = {
  "not a database": (path) => writeFileSync(path, "Dear diary, this is not a database.\n".repeat(1000)),
  "the header is zeroed": (path) => overwrite(path, 0, 100, () => 0),
  "truncated to half": (path) => truncateSync(path, Math.floor(statSync(path).size / 2 / page) * page),
  "truncated to nothing": (path) => truncateSync(path, 0)
}

/** Every command refuses the database with the same message, and none changes it. */
const staysRefused = (here: Machine, words: RegExp) =>
  Effect.gen(function* () {
    const before = bytes(here.data)
    for (const args of [["sessions", "list", "--all"], ["run", "hello"], ["recover"]])
      refused(yield* here.parley(args), here.database, words)
    assert.deepStrictEqual(bytes(here.data), before)
    // Another database is not affected.
    const other = yield* machine
    assert.strictEqual((yield* other.parley(["run", "hello"])).code, 0)
  })

const atRest = Object.entries(damages).map(([name, damage]): Case => ({
  id: "S09",
  name,
  run: Effect.gen(function* () {
    const here = yield* machine
    yield* talk(here, 5, 3)
    damage(here.database)
    yield* staysRefused(here, /damaged; restore it from a backup, or move it away to start with an empty one/)
  })
}))

/** Garbles pages in the middle, which are not read when the database is opened. */
const garble = (path: string): void => {
  const pages = Math.floor(readFileSync(path).length / page)
  for (let n = Math.floor(pages / 2); n < pages; n++) overwrite(path, n * page, 512, (i) => (i * 37 + n) % 251)
}

const garbled: Case = {
  id: "S09",
  name: "pages are garbled, detected after an unclean shutdown",
  run: Effect.gen(function* () {
    const here = yield* home
    yield* talk(here, 5, 3)
    // A process that dies now leaves its write-ahead log.
    const { url } = yield* answering
    const { coordinator, sessions } = yield* engine(here, { url })
    const { id } = yield* sessions.create({ workspace: "/w" })
    yield* coordinator.handleMessage({ sessionId: id, request: "And now?" })
    const crashed = yield* image(here)
    const sound = yield* image(here)
    assert.isAbove(statSync(`${crashed.database}-wal`).size, 0)
    garble(crashed.database)
    yield* staysRefused(crashed, /damaged; restore it from a backup/)
    yield* post(sound, id)
  })
}

export const damaged: ReadonlyArray<Case> = [...atRest, garbled]
