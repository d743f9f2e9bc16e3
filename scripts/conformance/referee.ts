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
  /** The failure messages of the suite. */
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

/** The scenarios that the revision requires of a client, as listed in the package of the suite. */
const scenariosOf = (revision: Revision): ReadonlyArray<string> => {
  const [, list = ""] = ask(["list", "--requirements", revision]).split(/^Client scenarios.*$/m)
  const [wanted = ""] = list.trimStart().split(/\n\s*\n/)
  return [...wanted.matchAll(/^ *- (\S+)$/gm)].map(([, name = ""]) => name)
}

/** The results of a scenario. Their directory is named after the scenario and the time of the run. */
const checksOf = (results: string, scenario: string): ReadonlyArray<Check> => {
  const parts = scenario.split("/")
  const directory = join(results, ...parts.slice(0, -1))
  const name = parts.at(-1) ?? ""
  const found = readdirSync(directory).filter(
    (entry) => entry.startsWith(`${name}-`) && /^\d{4}-\d\d-\d\dT/.test(entry.slice(name.length + 1))
  )
  return found.flatMap((entry) => decode(readFileSync(join(directory, entry, "checks.json"), "utf8")))
}

/** Runs the suite on a command. The suite starts the command for each scenario of the revision, with a server's address. */
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

/** Whether a scenario was passed. A scenario without any check has not been, although the suite reports it as passed. */
export const passed = ({ failures, succeeded }: Verdict): boolean => failures.length === 0 && succeeded > 0
