import * as Permissions from "@parley/workspace/Permissions"
import * as Flag from "effect/cli/Flag"

export const shared = {
  workspace: Flag.String("workspace").pipe(
    Flag.withAlias("w"),
    Flag.withDescription(
      "Directory of the workspace, whatever it is (default: the project that holds the current directory)"
    ),
    Flag.optional
  ),
  model: Flag.String("model").pipe(
    Flag.withAlias("m"),
    Flag.withDescription("PROVIDER/MODEL, such as anthropic/claude-sonnet-5-5 or demo/demo"),
    Flag.optional
  )
}

export const count = (name: string, description: string) =>
  Flag.Int(name).pipe(
    Flag.filter(
      (value) => value > 0,
      (value) => `expected a whole number above 0, found ${value}`
    ),
    Flag.withDescription(description),
    Flag.optional
  )

/** What one round may take at most, before what the configuration says. */
export const limits = {
  maxTurns: count("max-turns", "Model responses one message may take"),
  maxSeconds: count("max-seconds", "Seconds one message may take, waits and tools included"),
  maxTokens: count("max-tokens", "Tokens one message may take, of all kinds and attempts"),
  maxCost: Flag.Finite("max-cost").pipe(
    Flag.filter(
      (value) => value > 0,
      (value) => `expected an amount above 0, found ${value}`
    ),
    Flag.withDescription("US dollars one message may take; the model's price must be known"),
    Flag.optional
  )
}

export const trust = Flag.Boolean("trust").pipe(
  Flag.withDescription(
    "Use the MCP servers of this project as they are now, for this run alone; see `parley mcp trust`"
  ),
  Flag.withDefault(false)
)

export const target = {
  session: Flag.String("session").pipe(
    Flag.withAlias("s"),
    Flag.withDescription("Continue the session with this id"),
    Flag.optional
  ),
  continue: Flag.Boolean("continue").pipe(
    Flag.withAlias("c"),
    Flag.withDescription("Continue the workspace's latest session"),
    Flag.withDefault(false)
  )
}

export const context = {
  why: Flag.String("why").pipe(
    Flag.withDescription("Say why this path, or this source of the manifest, is in the request or is not"),
    Flag.optional
  ),
  diff: Flag.String("diff").pipe(
    Flag.withDescription("Say what is different from the first request of this round, such as r3"),
    Flag.optional
  ),
  bytes: Flag.Boolean("bytes").pipe(
    Flag.withDescription("The body as it travels, every byte with its source; json has the body itself"),
    Flag.withDefault(false)
  ),
  turn: Flag.String("turn").pipe(
    Flag.withDescription("What was sent for this turn, such as r3t1, from the stored log alone"),
    Flag.optional
  )
}

export const refresh = Flag.String("refresh").pipe(
  Flag.withMetavar("SLOT"),
  Flag.withDescription("Ask this slot of dynamic context again, whatever its policy says; may be repeated, * is all"),
  Flag.atLeast(0)
)

export const stdin = Flag.Boolean("stdin").pipe(
  Flag.withDescription(
    "Add standard input to the message, to its end; --no-stdin leaves it alone, as in a loop that reads a list"
  ),
  Flag.optional
)

/** A message that an MCP server writes. */
export const prompt = {
  prompt: Flag.String("prompt").pipe(
    Flag.withMetavar("SERVER:PROMPT"),
    Flag.withDescription("Send this prompt of an MCP server; the message, if any, follows it"),
    Flag.optional
  ),
  arg: Flag.String("arg").pipe(
    Flag.withMetavar("NAME=VALUE"),
    Flag.withDescription("An argument of the prompt; may be repeated"),
    Flag.atLeast(0)
  )
}
const pattern = (description: string) =>
  Flag.String("allow").pipe(
    Flag.withMetavar("TOOL"),
    Flag.filter(Permissions.isPattern, (text) => `expected ${Permissions.expected}, found ${JSON.stringify(text)}`),
    Flag.withDescription(description),
    Flag.atLeast(0)
  )

export const allow = pattern(
  "Run this tool without asking: its name, or the beginning of names and a star; may be repeated. What the " +
    "configuration denies stays denied, and tools of a server that the project declares are meant only where the name " +
    "of the server is spelled out, as in SERVER__*"
)

export const allowWhenTrusting = pattern(
  "Once the server is trusted, run this tool of it without asking: its name, or SERVER__ and a star; may be repeated"
)

export const listFormat = Flag.Literals("format", ["text", "json"]).pipe(
  Flag.withAlias("f"),
  Flag.withDescription("text for people, json for programs"),
  Flag.withDefault("text")
)

export const roundFormat = Flag.Literals("format", ["text", "json", "stream-json"]).pipe(
  Flag.withAlias("f"),
  Flag.withDescription("text as it arrives, json of the finished round, or stream-json: one event per line"),
  Flag.withDefault("text")
)
