import { chmodSync, mkdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { assert } from "@effect/vitest"
import { SessionId } from "@parley/domain/Ids"
import { SessionContext } from "@parley/domain/SessionContext"
import { Effect, Schema } from "effect"
import { calm, type Machine, machine, sessionOf } from "../storage/machine.ts"
import { another } from "../storage/user.ts"
import { post } from "../support/post.ts"
import type { Case } from "../suite.ts"

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(SessionContext))
const denied = "permission denied"

/** What the command says a request would hold, run by somebody for whom permissions count. */
const closed = (
  name: string,
  close: (workspace: string) => void,
  files: ReadonlyArray<string>,
  skipped: (here: Machine) => { readonly [path: string]: string }
): Case => ({
  id: "F04",
  name,
  needs: ["linux"],
  run: Effect.gen(function* () {
    const here = yield* machine
    const put = (name: string, text: string) => {
      const path = join(here.workspace, name)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, text)
    }
    for (const name of ["open.md", "shut.md", "docs/a.md", "docs/in/b.md"]) put(name, name)
    put(".parley/context.json", '{ "include": ["open.md", "shut.md", "docs/a.md", "**/*.md"] }')
    mkdirSync(here.data, { recursive: true })
    const under = another(here)
    close(here.workspace)
    const told = yield* here.parley(["context", "hello", "--format", "json"], { under })
    calm(told)
    assert.strictEqual(told.code, 0, told.stderr)
    const context = decode(told.stdout)
    assert.deepStrictEqual(
      context.files.map(({ path }) => path),
      files
    )
    assert.deepStrictEqual(Object.fromEntries(context.skipped.map(({ path, reason }) => [path, reason])), skipped(here))
    const ended = yield* here.parley(["run", "hello"], { under })
    calm(ended)
    assert.strictEqual(ended.code, 0, ended.stderr)
    yield* post(here, SessionId.make(sessionOf(ended)))
    chmodSync(here.workspace, 0o755)
  })
})

export const permissions: ReadonlyArray<Case> = [
  closed(
    "of a file",
    (workspace) => chmodSync(join(workspace, "shut.md"), 0o000),
    ["docs/a.md", "docs/in/b.md", "open.md"],
    () => ({ "shut.md": denied })
  ),
  closed(
    "of a directory",
    (workspace) => chmodSync(join(workspace, "docs"), 0o000),
    ["open.md", "shut.md"],
    () => ({ "docs/": denied, "docs/a.md": denied })
  ),
  closed(
    "of the workspace",
    (workspace) => chmodSync(workspace, 0o000),
    [],
    ({ workspace }) => ({ [workspace]: `the workspace: ${denied}` })
  )
]
