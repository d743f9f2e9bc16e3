import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { Case } from "../../suite.ts"
import { home } from "../../../packages/harness/src/sessions/home.ts"
import { world } from "../../../packages/harness/src/user/world.ts"
import { obeying, order, wish } from "./obeying.ts"
import { notedIn, server } from "./place.ts"

const canary = "canary-of-the-parent"
/** The parent's environment: variables that programs need, secrets, and variables with names similar to allowed ones. */
const parent = {
  LANG: "C.UTF-8",
  LC_ALL: "C.UTF-8",
  TMPDIR: "/tmp",
  USER: "somebody",
  SHELL: "/bin/sh",
  ANTHROPIC_API_KEY: `sk-ant-${canary}`,
  AWS_SECRET_ACCESS_KEY: canary,
  GITHUB_TOKEN: canary,
  DATABASE_URL: `postgres://u:${canary}@localhost/db`,
  PATH_TO_KEYS: canary,
  MY_HOME: canary,
  lc_secret: canary,
  HTTPS_PROXY: `http://u:${canary}@127.0.0.1:9`,
  NO_PROXY: "127.0.0.1,localhost",
  TERMINFO: canary,
  SSH_AUTH_SOCK: `/run/${canary}`,
  PARLEY_DEBUG: "1"
}
/** The variables that servers receive. They include the mark by which left processes of a server are found. */
const passed = ["DECLARED", "HOME", "LANG", "LC_ALL", "PARLEY_SERVER", "PATH", "SHELL", "TERM", "TMPDIR", "USER"]

const filesIn = (root: string): ReadonlyArray<string> =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

/** Asserts that each start of the server had exactly these variables, and that no secret of the parent appears anywhere. */
const dumps = (starts: number, run: (file: string) => ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const aside = yield* home
    const file = join(aside.root, "noted")
    const model = yield* obeying
    const notes = { command: process.execPath, args: [server, file], env: { DECLARED: "yes" } }
    const here = yield* world({ config: { mcpServers: { notes }, permissions: { "*": "allow" } } })
    const args = [...run(file), "--log-level", "all"]
    const ended = yield* here.run(args, { env: { ...parent, ANTHROPIC_BASE_URL: model.url } })
    assert.strictEqual(ended.status, 0, ended.stderr)
    const environments = notedIn(file).flatMap(({ environment }) => (environment === undefined ? [] : [environment]))
    assert.deepStrictEqual(
      environments.map((environment) => Object.keys(environment).sort()),
      Array.from({ length: starts }, () => passed)
    )
    assert.notInclude(ended.stdout + ended.stderr, canary)
    const files = [...filesIn(here.root), ...filesIn(aside.root)]
    assert.include(files, file, "there are files to look into")
    assert.deepStrictEqual(
      files.filter((path) => readFileSync(path, "latin1").includes(canary)),
      []
    )
    assert.notInclude(model.bodies.join("\n"), canary)
  })

/** X17: the environment that servers inherit. */
export const environmentCases: ReadonlyArray<Case> = [
  { id: "X17", name: "a server of a round", run: dumps(1, () => ["run", wish("notes__read")]) },
  {
    id: "X17",
    name: "a server that is probed",
    run: dumps(1, (file) => ["mcp", "probe", "--env", "DECLARED=yes", "--", process.execPath, server, file])
  },
  {
    id: "X17",
    name: "a server that is started again",
    run: dumps(2, () => ["run", `${wish("notes__crash")}\n${order("notes__read", {})}`])
  }
]
