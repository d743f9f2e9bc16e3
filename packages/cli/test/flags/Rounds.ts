import * as Effect from "effect/Effect"
import type { Scope } from "effect/Scope"
import { type Guarded, guarded } from "@parley/harness/AuthorizationServer"
import { encode } from "../support/Caller.ts"
import { keyed, provider, streaming } from "../support/Provider.ts"
import type { Experiment } from "./Experiment.ts"
import type { Tried } from "./Property.ts"
import { fixture, type Facts, server } from "./World.ts"

/** What stands on the command line of `run`, or is typed into `chat`. */
const saying = (command: "run" | "chat", message: string): Pick<Experiment, "args" | "run"> =>
  command === "run" ? { args: [message] } : { run: { input: `${message}\n` } }

/** Every flag of `run` and `chat`; `slow` is the address of a model that begins to answer and goes on for ever. */
const roundsOf = (facts: Facts, slow: string): ReadonlyArray<Experiment> => {
  const latest = ["context", "--continue", "--turn", "r1t1"]
  const of = (command: "run" | "chat"): ReadonlyArray<Experiment> => {
    const flag = (name: string, message: string, rest: Omit<Experiment, "command" | "flag">): Experiment => {
      const { args = [], run } = saying(command, message)
      return { command, flag: name, ...rest, args: [...(rest.args ?? []), ...args], run: { ...run, ...rest.run } }
    }
    const silent = { env: keyed(slow) }
    return [
      flag("workspace", "List the files here", { with: ["--workspace", facts.beta] }),
      flag("model", "hello", { with: ["--model", "anthropic/claude-x"] }),
      // The demo model takes no effort, and says so.
      flag("effort", "hello", { with: ["--effort", "high"] }),
      flag("session", "hello", { with: ["--session", facts.session], afterwards: [["sessions", "list"]] }),
      flag("continue", "hello", { with: ["--continue"], afterwards: [["sessions", "list"]] }),
      flag("max-turns", "List the files here", { with: ["--max-turns", "1"] }),
      flag("max-seconds", "hello", {
        args: ["--model", "anthropic/claude-x"],
        with: ["--max-seconds", "1"],
        without: ["--max-seconds", "2"],
        run: silent
      }),
      flag("max-tokens", "List the files here", { with: ["--max-tokens", "1"] }),
      flag("max-cost", "hello", {
        args: ["--model", "anthropic/claude-x", "--max-seconds", "5"],
        with: ["--max-cost", "0.01"],
        run: silent
      }),
      flag("allow", "Search for a", {
        with: ["--allow", "workspace__search_files"]
      }),
      // The workspace has a file of this name, and a recording replaces none.
      flag("record", "hello", { with: ["--record", "a.md"] })
    ]
  }
  const run = (flag: string, rest: Omit<Experiment, "command" | "flag">): Experiment => ({
    command: "run",
    flag,
    ...rest
  })
  return [
    ...of("chat"),
    ...of("run"),
    run("prompt", { with: ["--prompt", "offers:greet", "--arg", "who=me"], without: ["hello"], afterwards: [latest] }),
    run("arg", { args: ["--prompt", "offers:greet"], with: ["--arg", "who=me"] }),
    run("stdin", { args: ["hello"], with: ["--no-stdin"], run: { input: "piped words" }, afterwards: [latest] }),
    run("refresh", { args: ["hello"], with: ["--refresh", "tree"], afterwards: [latest] }),
    run("output-schema", { args: ["hello"], with: ["--output-schema", "schema.json"] }),
    run("park", { args: ["Search for a"], with: ["--park"] }),
    run("trust", { args: ["hello"], with: ["--trust"] }),
    run("format", { args: ["hello"], with: ["--format", "json"] })
  ]
}

export const rounds: Effect.Effect<Tried, never, Scope> = Effect.map(provider(200, streaming, true), ({ url }) => ({
  servers: { offers: server("offers-server.mjs") },
  experiments: (facts) => roundsOf(facts, url)
}))

/** Every flag of the commands that connect to one server. */
const connectingOf = (facts: Facts, guard: Guarded): ReadonlyArray<Experiment> => {
  const seen = () =>
    guard.seen
      .splice(0)
      .map(
        ({ body, headers, method, path }) =>
          `${method} ${path} ${String(headers["x-a"])} ${headers.authorization} ${body}`
      )
      .join("\n")
  const BROWSER = `${process.execPath} ${facts.home}/browser.mjs`
  const env = { BROWSER }
  const probe = (flag: string, rest: Omit<Experiment, "command" | "flag">): Experiment => ({
    command: "mcp probe",
    flag,
    ...rest
  })
  const login = (flag: string, value: ReadonlyArray<string>, without: ReadonlyArray<string> = []): Experiment =>
    // A client that the server does not know never comes back from its login.
    probe(flag, { args: ["--auth", "--start-timeout", "2000", guard.url], with: value, without, run: { env }, seen })
  const offers = ["--", ...fixture("offers-server.mjs")]
  const asking = ["--", ...fixture("asking-server.mjs")]
  const ends = ["--", process.execPath, "-e", "console.error(process.cwd(), process.env.A); process.exit(3)"]
  const late = ["--", "sh", "-c", 'sleep 1; exec "$@"', "sh", ...fixture("offers-server.mjs")]
  const form = { type: "object", properties: { a: { type: "string", default: "yes" } } }
  const question = { method: "elicitation/create", params: { message: "?", requestedSchema: form } }
  const auth = (flag: string, rest: Omit<Experiment, "command" | "flag">): Experiment => ({
    command: "mcp auth",
    flag,
    ...rest
  })
  const unreachable = { env: { BROWSER: "/bin/true" } }
  return [
    probe("header", { args: [guard.url], with: ["--header", "x-a: b"], seen }),
    probe("env", { args: ends, with: ["--env", "A=b"] }),
    probe("cwd", { args: ends, with: ["--cwd", "workspace"] }),
    login("client-id", ["--client-id", "me"]),
    login("client-secret-env", ["--client-id", "me", "--client-secret-env", "UNSET"], ["--client-id", "me"]),
    login("client-metadata-url", ["--client-metadata-url", "https://example.org/client.json"]),
    login("scope", ["--scope", "admin"]),
    probe("timeout", {
      args: ["--call", "slow", "--input", '{"millis":700}', ...asking],
      with: ["--timeout", "100"]
    }),
    probe("start-timeout", { args: late, with: ["--start-timeout", "100"] }),
    probe("auth", { args: [guard.url], with: ["--auth"], run: { env } }),
    probe("call", { args: ["--", ...fixture("v1-server.mjs")], with: ["--call", "add"] }),
    probe("input", { args: ["--call", "add", "--", ...fixture("v1-server.mjs")], with: ["--input", '{"a":1,"b":2}'] }),
    probe("exercise", { args: offers, with: ["--exercise"] }),
    probe("answer", {
      args: ["--call", "ask", "--input", encode(question), ...asking],
      with: ["--answer", "defaults"]
    }),
    probe("workspace", { args: offers, with: ["--workspace", facts.alpha], run: { gone: true } }),
    probe("format", { args: offers, with: ["--format", "json"] }),
    auth("paste", { args: ["guarded"], with: ["--paste"], run: { env } }),
    auth("logout", { args: ["guarded"], with: ["--logout"], run: { env } }),
    auth("limit", { args: ["guarded"], with: ["--limit", "1"], without: ["--limit", "2"], run: unreachable }),
    auth("workspace", { args: ["guarded"], with: ["--workspace", facts.alpha], run: { env, gone: true } })
  ]
}

export const connecting: Effect.Effect<Tried, never, Scope> = Effect.map(guarded, (guard) => {
  guard.behaviour.metadata = { client_id_metadata_document_supported: true }
  return { servers: { guarded: { url: guard.url } }, experiments: (facts) => connectingOf(facts, guard) }
})
