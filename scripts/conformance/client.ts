// The program that the conformance runner starts for each scenario, with the address of its server as the last argument. It
// runs `parley mcp probe` as a person would, with flags for the values that the scenario gives to a client in advance.
import { spawnSync } from "node:child_process"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import * as Schema from "effect/Schema"

const Call = Schema.Struct({ name: Schema.String, arguments: Schema.Record(Schema.String, Schema.Json) })
const Context = Schema.fromJsonString(
  Schema.Struct({
    client_id: Schema.optionalKey(Schema.String),
    client_secret: Schema.optionalKey(Schema.String),
    toolCalls: Call.pipe(Schema.Array, Schema.optionalKey)
  })
)
const encode = Schema.encodeSync(Schema.fromJsonString(Schema.Json))

const context = Schema.decodeSync(Context)(process.env["MCP_CONFORMANCE_CONTEXT"] ?? "{}")
const address = process.argv.at(-1) ?? ""

const calls = (context.toolCalls ?? []).flatMap(({ arguments: input, name }) => [
  "--call",
  name,
  "--input",
  encode(input)
])
const known = [
  ...(context.client_id === undefined ? [] : ["--client-id", context.client_id]),
  ...(context.client_secret === undefined ? [] : ["--client-secret-env", "CONFORMANCE_SECRET"])
]

const home = mkdtempSync(join(process.env["CONFORMANCE_HOME"] ?? tmpdir(), "home-"))
const { status } = spawnSync(
  process.execPath,
  [
    process.env["PARLEY_COMMAND"] ?? join(import.meta.dirname, "../../packages/cli/src/main.ts"),
    "mcp",
    "probe",
    address,
    "--auth",
    "--answer",
    "defaults",
    ...(calls.length > 0 ? calls : ["--exercise"]),
    ...known
  ],
  {
    cwd: home,
    // A separate home, so that no scenario uses state of an earlier one.
    env: {
      PATH: process.env["PATH"] ?? "",
      NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? "",
      HOME: home,
      BROWSER: `${process.execPath} ${join(import.meta.dirname, "browser.mjs")}`,
      ...(context.client_secret === undefined ? {} : { CONFORMANCE_SECRET: context.client_secret })
    },
    stdio: "inherit"
  }
)
process.exitCode = status ?? 1
