import { execFileSync } from "node:child_process"
import { chmodSync, existsSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { assert } from "@effect/vitest"
import { SessionId } from "@parley/domain/Ids"
import { Effect } from "effect"
import type { Case } from "../suite.ts"
import { post } from "../support/post.ts"
import { calm, type Machine, machine, refused, sessionOf } from "./machine.ts"
import { another } from "./user.ts"

const refusals: {
  readonly [name: string]: { readonly make: (here: Machine) => void; readonly words: RegExp; readonly other?: true }
} = {
  "a directory": { make: ({ database }) => mkdirSync(database), words: /is not a regular file/ },
  "a dangling symbolic link": {
    make: ({ database, root }) => symlinkSync(join(root, "nothing"), database),
    words: /is a symbolic link; put the database itself there/
  },
  "a symbolic link to a file of another user": {
    make: ({ database, root }) => {
      writeFileSync(join(root, "theirs.db"), "Not yours.", { mode: 0o600 })
      chmodSync(root, 0o755)
      symlinkSync(join(root, "theirs.db"), database)
    },
    words: /is a symbolic link; put the database itself there/,
    other: true
  },
  "a pipe": { make: ({ database }) => void execFileSync("mkfifo", [database]), words: /is not a regular file/ }
}

const refusedPaths = Object.entries(refusals).map(([name, { make, other, words }]): Case => ({
  id: "S10",
  name,
  run: Effect.gen(function* () {
    const here = yield* machine
    mkdirSync(here.data, { recursive: true })
    make(here)
    const under = other === undefined ? [] : another(here)
    for (const args of [
      ["run", "hello"],
      ["sessions", "list"]
    ])
      refused(yield* here.parley(args, { under }), here.database, words)
    // After the path is removed, everything works.
    rmSync(here.database, { recursive: true })
    const ended = yield* here.parley(["run", "hello"], { under })
    assert.strictEqual(ended.code, 0, ended.stderr)
  })
}))

const missing: Case = {
  id: "S10",
  name: "a missing parent that is created, and one that cannot be created",
  run: Effect.gen(function* () {
    const here = yield* machine
    assert.isFalse(existsSync(dirname(dirname(here.data))))
    const ended = yield* here.parley(["run", "hello"])
    calm(ended)
    assert.strictEqual(ended.code, 0, ended.stderr)
    assert.strictEqual(statSync(here.data).mode & 0o777, 0o700)
    yield* post(here, SessionId.make(sessionOf(ended)))

    const blocked = yield* machine
    mkdirSync(dirname(dirname(blocked.data)), { recursive: true })
    writeFileSync(dirname(blocked.data), "in the way")
    refused(yield* blocked.parley(["run", "hello"]), blocked.database, /ENOTDIR|EEXIST/)
  })
}

export const paths: ReadonlyArray<Case> = [...refusedPaths, missing]
