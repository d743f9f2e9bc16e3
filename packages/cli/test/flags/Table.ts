import type { Experiment } from "./Experiment.ts"
import { fixture, type Facts, server } from "./World.ts"

type Rest = Omit<Experiment, "command" | "flag">

const of = (command: string, flags: Readonly<Record<string, Rest>>): ReadonlyArray<Experiment> =>
  Object.entries(flags).map(([flag, rest]) => Object.assign({ command, flag }, rest))

/** Works from a directory that is gone. */
const anywhere = ({ alpha }: Facts, args: ReadonlyArray<string> = []): Rest => ({
  args,
  with: ["--workspace", alpha],
  run: { gone: true }
})
const elsewhere = ({ beta }: Facts, args: ReadonlyArray<string> = []): Rest => ({ args, with: ["--workspace", beta] })
const json = (args: ReadonlyArray<string> = []): Rest => ({ args, with: ["--format", "json"] })
const patience = 1500

/** Every flag of the commands about sessions. */
export const sessions = (facts: Facts): ReadonlyArray<Experiment> => {
  const { parked, root, session } = facts
  const recording = `${root}/recording.jsonl`
  const again = [recording, "--from", "r2", "--model", "demo/demo"]
  const keyless = (args: ReadonlyArray<string>): Rest => ({ args, with: ["--model", "anthropic/claude-x"] })
  return [
    ...of("sessions list", { workspace: elsewhere(facts), all: { with: ["--all"] }, format: json() }),
    ...of("sessions list", {
      archived: { before: [["sessions", "archive", session]], with: ["--archived"] },
      tag: { with: ["--tag", "none"] }
    }),
    ...of("sessions search", {
      // The other project has no session with this word.
      workspace: elsewhere(facts, ["files"]),
      all: { args: ["hello"], with: ["--all"] },
      limit: { args: ["files"], with: ["--limit", "1"] },
      format: json(["hello"])
    }),
    ...of("sessions export", {
      workspace: anywhere(facts, [session]),
      format: { args: [session], with: ["--format", "jsonl"] },
      output: { args: [session], with: ["--output", `${root}/session.md`] }
    }),
    ...of("sessions import", {
      workspace: {
        ...elsewhere(facts, [`${root}/session.jsonl`]),
        before: [["sessions", "export", session, "-f", "jsonl", "-o", `${root}/session.jsonl`]],
        afterwards: [["sessions", "list"]]
      },
      format: {
        ...json([`${root}/session.jsonl`]),
        before: [["sessions", "export", session, "-f", "jsonl", "-o", `${root}/session.jsonl`]]
      }
    }),
    ...of("sessions rename", { workspace: anywhere(facts, [session, "words"]) }),
    ...of("sessions tag", { workspace: anywhere(facts, [session, "word"]) }),
    ...of("sessions untag", { workspace: anywhere(facts, [session, "word"]) }),
    ...of("sessions archive", { workspace: anywhere(facts, [session]) }),
    ...of("sessions unarchive", { workspace: anywhere(facts, [session]) }),
    ...of("sessions show", {
      workspace: anywhere(facts, [session]),
      follow: { args: [session], with: ["--follow"], patience },
      format: json([session])
    }),
    ...of("sessions compact", { workspace: anywhere(facts, [session]), model: keyless([session]) }),
    ...of("sessions uncompact", { workspace: anywhere(facts, [session]) }),
    ...of("sessions undo", {
      workspace: anywhere(facts, [session]),
      rounds: { args: [session], with: ["--rounds", "99"] }
    }),
    ...of("sessions redo", { workspace: anywhere(facts, [session]) }),
    ...of("sessions fork", {
      workspace: anywhere(facts, [session]),
      at: { args: [session], with: ["--at", "r99"] }
    }),
    ...of("sessions refresh", { workspace: anywhere(facts, [session]) }),
    ...of("sessions pin", {
      workspace: anywhere(facts, [session, "words"]),
      kind: { args: [session, "words"], with: ["--kind", "goal"], afterwards: [["sessions", "pins", session]] }
    }),
    ...of("sessions unpin", { workspace: anywhere(facts, [session, "w"]) }),
    ...of("sessions pins", { workspace: anywhere(facts, [session]) }),
    ...of("sessions relocate", { workspace: anywhere(facts, [facts.beta]) }),
    ...of("sessions repair", { workspace: anywhere(facts, [session]) }),
    ...of("sessions delete", { workspace: anywhere(facts, [session]) }),
    ...of("answer", {
      workspace: anywhere(facts, [parked, "--allow"]),
      allow: { args: [parked], with: ["--allow"] },
      scope: {
        args: [parked, "--allow"],
        with: ["--scope", "session"],
        afterwards: [["sessions", "show", parked]]
      },
      deny: { args: [parked], with: ["--deny"] },
      reason: { args: [parked, "--deny"], with: ["--reason", "not now"] },
      question: { args: [parked, "--allow"], with: ["--question", "r9t1c1q1"] },
      format: json([parked, "--allow"])
    }),
    ...of("send", {
      workspace: anywhere(facts, [session, "hello"]),
      model: keyless([session, "hello"]),
      allow: { args: [session, "Search for a"], with: ["--allow", "workspace__search_files"] },
      queue: { args: [session, "hello"], with: ["--queue"] }
    }),
    ...of("recover", { workspace: anywhere(facts), format: json() }),
    ...of("replay", {
      workspace: anywhere(facts, again),
      model: { args: [recording, "--from", "r2"], with: ["--model", "demo/demo"] },
      // The demo model takes no effort, and says so.
      effort: { args: again, with: ["--effort", "high"] },
      from: { args: [recording, "--model", "demo/demo"], with: ["--from", "r2"] },
      format: json([recording])
    }),
    ...of("models list", {
      workspace: anywhere(facts),
      model: { with: ["--model", "anthropic/claude-sonnet-5-5"] },
      format: json()
    }),
    ...of("models show", {
      workspace: anywhere(facts, ["anthropic/claude-sonnet-5-5"]),
      format: json(["demo/demo"])
    }),
    ...of("models use", { workspace: anywhere(facts, ["demo/demo"]) }),
    ...of("models test", { workspace: anywhere(facts, ["demo/demo"]), format: json(["demo/demo"]) }),
    ...of("models discover", { workspace: anywhere(facts), format: json() }),
    ...of("auth login", {
      workspace: { ...anywhere(facts, ["groq"]), run: { gone: true, input: "k" } },
      file: { args: ["groq"], with: ["--file"], run: { input: "k" } }
    }),
    ...of("auth logout", { workspace: anywhere(facts, ["groq"]) }),
    ...of("auth status", { workspace: anywhere(facts) }),
    ...of("tools", { workspace: anywhere(facts), format: json() })
  ]
}

/** Every flag of the commands about what is in a request. */
export const context = (facts: Facts): ReadonlyArray<Experiment> => {
  const path = (command: string) =>
    of(command, { workspace: { ...elsewhere(facts, ["a.md"]), afterwards: lists(facts) } })
  const slot = (command: string) =>
    of(command, { workspace: { ...anywhere(facts, ["tree"]), afterwards: [["dynamic", "list"]] } })
  const added = (flag: ReadonlyArray<string>): Rest => ({ args: ["more", "workspace__list_files"], with: flag })
  return [
    ...of("context", {
      workspace: elsewhere(facts),
      model: { with: ["--model", "anthropic/claude-x"] },
      effort: { with: ["--effort", "high"] },
      session: { with: ["--session", facts.session] },
      continue: { with: ["--continue"] },
      why: { with: ["--why", "a.md"] },
      diff: { args: ["--continue"], with: ["--diff", "r1"] },
      bytes: { with: ["--bytes"] },
      turn: { args: ["--continue"], with: ["--turn", "r1t1"] },
      format: json()
    }),
    ...of("files list", { workspace: elsewhere(facts), format: json() }),
    ...["files add", "files remove", "files activate", "files deactivate"].flatMap(path),
    ...of("dynamic list", { workspace: anywhere(facts), format: json() }),
    ...of("dynamic add", {
      workspace: anywhere(facts, ["more", "workspace__list_files"]),
      input: added(["--input", '{"path":"."}']),
      refresh: added(["--refresh", "change"]),
      "on-failure": added(["--on-failure", "drop"]),
      timeout: added(["--timeout", "99"]),
      "max-tokens": added(["--max-tokens", "99"])
    }),
    ...["dynamic remove", "dynamic enable", "dynamic disable"].flatMap(slot),
    ...of("dynamic test", { workspace: elsewhere(facts, ["tree"]), format: json(["tree"]) })
  ]
}
const lists = ({ alpha, beta }: Facts) => [alpha, beta].map((root) => ["files", "list", "--workspace", root])

/** Says two lines when it is started. */
const noisy = {
  command: "sh",
  args: ["-c", 'echo one >&2; echo two >&2; exec "$@"', "sh", ...fixture("offers-server.mjs")]
}

/** The servers that the experiments below are about. */
export const configured = { offers: server("offers-server.mjs"), noisy }

/** Every flag of the commands about servers that are configured. */
export const servers = (facts: Facts): ReadonlyArray<Experiment> => {
  const named = (command: string) => of(command, { workspace: anywhere(facts, ["offers"]) })
  const program = ["more", "--", ...fixture("v1-server.mjs")]
  const byAddress = (flag: ReadonlyArray<string>, env: Record<string, string> = {}): Rest => ({
    args: ["more", "--url", "http://127.0.0.1:9/mcp"],
    with: flag,
    run: { env }
  })
  const started = (flag: ReadonlyArray<string>): Rest => ({ args: program, with: flag })
  return [
    ...of("mcp list", { workspace: anywhere(facts), format: json() }),
    ...of("mcp add", {
      url: { args: ["more"], with: ["--url", "http://127.0.0.1:9/mcp"] },
      sse: byAddress(["--sse"]),
      header: byAddress(["--header", "x-a: b"]),
      env: started(["--env", "A=b"]),
      cwd: started(["--cwd", "workspace"]),
      "client-id": byAddress(["--client-id", "me"]),
      "client-secret-env": {
        ...byAddress(["--client-id", "me", "--client-secret-env", "SECRET"], { SECRET: "canary" }),
        without: ["--client-id", "me"]
      },
      "client-metadata-url": byAddress(["--client-metadata-url", "https://example.org/client.json"]),
      scope: byAddress(["--scope", "a b"]),
      timeout: started(["--timeout", "99"]),
      "start-timeout": started(["--start-timeout", "99"]),
      "read-only-tool": started(["--read-only-tool", "echo"]),
      disabled: started(["--disabled"]),
      workspace: anywhere(facts, program)
    }),
    ...["mcp remove", "mcp enable", "mcp disable", "mcp restart"].flatMap(named),
    ...of("mcp inspect", { workspace: anywhere(facts, ["offers"]), format: json(["offers"]) }),
    ...of("mcp resources", { workspace: anywhere(facts, ["offers"]), format: json(["offers"]) }),
    ...of("mcp prompts", { workspace: anywhere(facts, ["offers"]), format: json(["offers"]) }),
    ...of("mcp read", { workspace: anywhere(facts, ["offers", "ok:a"]), format: json(["offers", "ok:a"]) }),
    ...of("mcp logs", {
      workspace: anywhere(facts, ["noisy"]),
      lines: { args: ["noisy"], with: ["--lines", "1"] },
      follow: { args: ["noisy"], with: ["--follow"], patience }
    }),
    ...of("mcp import", {
      format: { args: ["others.json"], with: ["--format", "vscode"] },
      "dry-run": { args: ["others.json"], with: ["--dry-run"] },
      workspace: anywhere(facts, [`${facts.alpha}/others.json`])
    })
  ]
}

/** Every flag of the command that trusts a project's servers. */
export const trust = (facts: Facts): ReadonlyArray<Experiment> => {
  const consent = ["--yes", "--hash", facts.hash]
  const listed = [["mcp", "trust", "--list", "--format", "json"]]
  return of("mcp trust", {
    list: { with: ["--list"] },
    yes: { args: ["declared", "--hash", facts.hash], with: ["--yes"], afterwards: listed },
    hash: { args: ["declared", "--yes"], with: ["--hash", facts.hash], afterwards: listed },
    revoke: { args: ["declared"], with: ["--revoke"] },
    all: { args: ["--revoke"], with: ["--all"] },
    allow: { args: ["declared", ...consent], with: ["--allow", "declared__*"], afterwards: listed },
    full: { args: ["--list"], with: ["--full"] },
    workspace: elsewhere(facts, ["--list"]),
    format: json(["--list"])
  })
}
