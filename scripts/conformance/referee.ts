import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import process from "node:process"
import * as Schema from "effect/Schema"

const root = resolve(import.meta.dirname, "../..")
const runner = join(root, "node_modules/@modelcontextprotocol/conformance/dist/index.js")

/** The revisions of the protocol, and how many scenarios each requires of a client. */
export const required = { "2025-11-25": 18, "2026-07-28": 32 } as const
export type Revision = keyof typeof required

export interface Verdict {
  readonly scenario: string
  readonly succeeded: number
  /** In the referee's own words. */
  readonly failures: ReadonlyArray<string>
  readonly warnings: number
  readonly skipped: number
}

const Check = Schema.Struct({
  id: Schema.String,
  status: Schema.Literals(["SUCCESS", "FAILURE", "WARNING", "SKIPPED", "INFO"]),
  errorMessage: Schema.optionalKey(Schema.String)
})
type Check = typeof Check.Type
const decode = Check.pipe(Schema.Array, Schema.fromJsonString, Schema.decodeSync)

const ask = (args: ReadonlyArray<string>, env: { readonly [name: string]: string } = {}): string => {
  const done = spawnSync(process.execPath, [runner, ...args], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, ...env },
    maxBuffer: 256 * 1024 * 1024
  })
  if (done.error !== undefined) throw done.error
  return done.stdout + done.stderr
}

/** What the revision requires of a client, as the package of the referee has it. */
const scenariosOf = (revision: Revision): ReadonlyArray<string> => {
  const [, list = ""] = ask(["list", "--requirements", revision]).split(/^Client scenarios.*$/m)
  const [wanted = ""] = list.trimStart().split(/\n\s*\n/)
  return [...wanted.matchAll(/^ *- (\S+)$/gm)].map(([, name = ""]) => name)
}

/** The directory of a scenario's results is its name and the time at which it ran. */
const checksOf = (results: string, scenario: string): ReadonlyArray<Check> => {
  const parts = scenario.split("/")
  const directory = join(results, ...parts.slice(0, -1))
  const name = parts.at(-1) ?? ""
  const found = readdirSync(directory).filter(
    (entry) => entry.startsWith(`${name}-`) && /^\d{4}-\d\d-\d\dT/.test(entry.slice(name.length + 1))
  )
  return found.flatMap((entry) => decode(readFileSync(join(directory, entry, "checks.json"), "utf8")))
}

/** Lets the referee judge a command, which it starts for each scenario of the revision with the address of a server. */
export const judge = (command: string, revision: Revision): ReadonlyArray<Verdict> => {
  const results = mkdtempSync(join(tmpdir(), "parley-conformance-"))
  try {
    ask(["client", "--command", command, "--requirements", revision, "--timeout", "120000", "-o", results])
    return scenariosOf(revision).map((scenario) => {
      const checks = checksOf(results, scenario)
      const count = (status: Check["status"]) => checks.filter((check) => check.status === status).length
      return {
        scenario,
        succeeded: count("SUCCESS"),
        failures: checks.flatMap(({ errorMessage, id, status }) =>
          status === "FAILURE" ? [`${id}: ${errorMessage ?? "no reason given"}`] : []
        ),
        warnings: count("WARNING"),
        skipped: count("SKIPPED")
      }
    })
  } finally {
    rmSync(results, { recursive: true, force: true })
  }
}

/** A scenario in which nothing was checked has not been passed, though the referee itself says so: nothing failed in it. */
export const passed = ({ failures, succeeded }: Verdict): boolean => failures.length === 0 && succeeded > 0
