import { chmodSync, mkdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { assert } from "@effect/vitest"
import { SessionId } from "@parley/domain/Ids"
import { SessionContext } from "@parley/domain/SessionContext"
import * as Files from "@parley/workspace/Files"
import { Effect, Schema } from "effect"
import { unprivileged } from "../../packages/workspace/test/support.ts"
import { calm, machine, sessionOf } from "../storage/machine.ts"
import { another, takeBack } from "../storage/user.ts"
import { post } from "../support/post.ts"
import type { Case } from "../suite.ts"

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(SessionContext))
const denied = "permission denied"

/** A machine with files in its workspace, and a command that runs as a user who is subject to file permissions. */
const stocked = Effect.map(machine, (here) => {
  const put = (name: string, text: string) => {
    const path = join(here.workspace, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  for (const name of ["open.md", "shut.md", "docs/a.md", "docs/in/b.md"]) put(name, name)
  put(".parley/context.json", '{ "include": ["open.md", "shut.md", "docs/a.md", "**/*.md"] }')
  mkdirSync(here.data, { recursive: true })
  return { here, under: another(here) }
})

const closed = (
  name: string,
  path: string,
  files: ReadonlyArray<string>,
  skipped: { readonly [path: string]: string }
): Case => ({
  id: "F04",
  name,
  needs: ["linux"],
  run: Effect.gen(function* () {
    const { here, under } = yield* stocked
    chmodSync(join(here.workspace, path), 0o000)
    const told = yield* here.parley(["context", "hello", "--format", "json"], { under })
    calm(told)
    assert.strictEqual(told.code, 0, told.stderr)
    const context = decode(told.stdout)
    assert.deepStrictEqual(
      context.files.map(({ path }) => path),
      files
    )
    assert.deepStrictEqual(Object.fromEntries(context.skipped.map(({ path, reason }) => [path, reason])), skipped)
    const ended = yield* here.parley(["run", "hello"], { under })
    calm(ended)
    assert.strictEqual(ended.code, 0, ended.stderr)
    takeBack(here)
    yield* post(here, SessionId.make(sessionOf(ended)))
  })
})

const theWorkspace: Case = {
  id: "F04",
  name: "of the workspace: it has no files then, and its settings are not guessed",
  needs: ["linux"],
  run: Effect.gen(function* () {
    const { here, under } = yield* stocked
    chmodSync(here.workspace, 0o000)
    const set = yield* unprivileged(here.root, Files.read(here.workspace))
    assert.deepStrictEqual(set, { files: [], skipped: [{ path: here.workspace, reason: `the workspace: ${denied}` }] })
    // Instructions and rules that may exist must not be omitted silently.
    for (const args of [
      ["context", "hello"],
      ["run", "hello"]
    ]) {
      const refused = yield* here.parley(args, { under })
      calm(refused)
      assert.strictEqual(refused.code, 3, refused.stderr)
      assert.include(refused.stderr, `${here.workspace}/.parley/`)
      assert.include(refused.stderr, denied)
    }
    chmodSync(here.workspace, 0o755)
    const ended = yield* here.parley(["run", "hello"], { under })
    assert.strictEqual(ended.code, 0, ended.stderr)
    takeBack(here)
    yield* post(here, SessionId.make(sessionOf(ended)))
  })
}

export const permissions: ReadonlyArray<Case> = [
  closed("of a file", "shut.md", ["docs/a.md", "docs/in/b.md", "open.md"], { "shut.md": denied }),
  closed("of a directory", "docs", ["open.md", "shut.md"], { "docs/": denied, "docs/a.md": denied }),
  theWorkspace
]
