import { levels } from "@parley/domain/Effort"
import * as ToolPattern from "@parley/workspace/ToolPattern"
import * as Flag from "effect/cli/Flag"

export const shared = {
  workspace: Flag.String("workspace").pipe(
    Flag.withAlias("w"),
    Flag.withDescription(
      "Use exactly this directory as the workspace (default: the project that contains the current directory)"
    ),
    Flag.optional
  ),
  model: Flag.String("model").pipe(
    Flag.withAlias("m"),
    Flag.withDescription(
      "Model as PROVIDER/MODEL, such as anthropic/claude-sonnet-5-5 or demo/demo; see `parley models`. Further models, " +
        "separated by commas, are asked in this order if the first is overloaded, out of quota or not reachable"
    ),
    Flag.optional
  )
}

export const effort = Flag.Literals("effort", levels).pipe(
  Flag.withDescription(
    "How much the model thinks; each model takes only some of these levels (default: it decides). A fallback model gets the nearest level that it takes"
  ),
  Flag.optional
)

export const count = (name: string, description: string) =>
  Flag.Int(name).pipe(
    Flag.filter(
      (value) => value > 0,
      (value) => `expected a whole number above 0, found ${value}`
    ),
    Flag.withDescription(description),
    Flag.optional
  )

/** Limits for one round; they take precedence over the limits in the configuration. */
export const limits = {
  maxTurns: count("max-turns", "Maximum number of model responses per message"),
  maxSeconds: count("max-seconds", "Maximum seconds per message, including waits and tool calls"),
  maxTokens: count("max-tokens", "Maximum tokens per message, of all kinds, including retries"),
  maxCost: Flag.Finite("max-cost").pipe(
    Flag.filter(
      (value) => value > 0,
      (value) => `expected an amount above 0, found ${value}`
    ),
    Flag.withDescription("Maximum cost per message in US dollars; the model's price must be known"),
    Flag.optional
  )
}

export const queue = Flag.Boolean("queue").pipe(
  Flag.withDescription(
    "Send the message when the running round has ended, as a round of its own (default: with the model's next request)"
  ),
  Flag.withDefault(false)
)

export const trust = Flag.Boolean("trust").pipe(
  Flag.withDescription(
    "Trust the MCP servers of this project as currently declared, for this run only; see `parley mcp trust`"
  ),
  Flag.withDefault(false)
)

export const target = {
  session: Flag.String("session").pipe(
    Flag.withAlias("s"),
    Flag.withDescription("Continue the session with this ID"),
    Flag.optional
  ),
  continue: Flag.Boolean("continue").pipe(
    Flag.withAlias("c"),
    Flag.withDescription("Continue the latest session of this workspace"),
    Flag.withDefault(false)
  )
}

export const context = {
  why: Flag.String("why").pipe(
    Flag.withDescription("Explain why this path, or this source in the manifest, is or is not part of the request"),
    Flag.optional
  ),
  diff: Flag.String("diff").pipe(
    Flag.withDescription("Show the differences from the first request of this round, such as r3"),
    Flag.optional
  ),
  bytes: Flag.Boolean("bytes").pipe(
    Flag.withDescription(
      "Show the request body with the source of every byte; --format json includes the complete body"
    ),
    Flag.withDefault(false)
  ),
  turn: Flag.String("turn").pipe(
    Flag.withDescription("Show the request that was sent for this turn, such as r3t1, rebuilt from the stored log"),
    Flag.optional
  )
}

export const refresh = Flag.String("refresh").pipe(
  Flag.withMetavar("SLOT"),
  Flag.withDescription(
    "Resolve this slot of dynamic context again, whatever its refresh policy; may be repeated; * means all slots"
  ),
  Flag.atLeast(0)
)

export const record = Flag.String("record").pipe(
  Flag.withMetavar("FILE"),
  Flag.withDescription(
    "Record everything that the engine receives into this new file, for `parley replay`. It contains the conversation; keys are left out"
  ),
  Flag.optional
)

export const outputSchema = Flag.String("output-schema").pipe(
  Flag.withMetavar("FILE"),
  Flag.withDescription(
    "Make the model answer with JSON that follows the JSON Schema in this file; with --format text, that JSON is the only output"
  ),
  Flag.optional
)

export const replay = {
  from: Flag.String("from").pipe(
    Flag.withMetavar("ROUND"),
    Flag.withDescription(
      "Run the messages from this round on, such as r3, with --model in a new session; requests are sent, tools are not run"
    ),
    Flag.optional
  )
}

export const stdin = Flag.Boolean("stdin").pipe(
  Flag.withDescription(
    "Read standard input to its end and append it to the message; --no-stdin leaves it unread, as needed in a loop over a list"
  ),
  Flag.optional
)

/** Flags of a message that an MCP server writes. */
export const prompt = {
  prompt: Flag.String("prompt").pipe(
    Flag.withMetavar("SERVER:PROMPT"),
    Flag.withDescription("Send this prompt of an MCP server, followed by the message, if any"),
    Flag.optional
  ),
  arg: Flag.String("arg").pipe(
    Flag.withMetavar("NAME=VALUE"),
    Flag.withDescription("Argument of the prompt; may be repeated"),
    Flag.atLeast(0)
  )
}
const pattern = (description: string) =>
  Flag.String("allow").pipe(
    Flag.withMetavar("TOOL"),
    Flag.filter(ToolPattern.isPattern, (text) => `expected ${ToolPattern.expected}, found ${JSON.stringify(text)}`),
    Flag.withDescription(description),
    Flag.atLeast(0)
  )

export const allow = pattern(
  "Run this tool without asking for approval: a tool name, or a prefix followed by *; may be repeated. Tools that the " +
    "configuration denies stay denied. Tools of a server that the project declares match only if the pattern spells out " +
    "the name of the server, as in SERVER__*"
)

export const allowWhenTrusting = pattern(
  "Once the server is trusted, run this tool of it without asking for approval: a tool name, or SERVER__*; may be repeated"
)

export const park = Flag.Boolean("park").pipe(
  Flag.withDescription(
    "Leave questions about tool calls open: the command ends with exit code 7, and `parley answer` continues the round"
  ),
  Flag.withDefault(false)
)

export const answers = {
  allowCalls: Flag.Boolean("allow").pipe(
    Flag.withDescription("Allow each call that is asked about, without asking"),
    Flag.withDefault(false)
  ),
  scope: Flag.Literals("scope", ["once", "session", "project"]).pipe(
    Flag.withDescription(
      "With --allow: allow this call only (default), or the tool from now on in this session, or in this project"
    ),
    Flag.optional
  ),
  deny: Flag.Boolean("deny").pipe(
    Flag.withDescription("Deny each call that is asked about, and decline each form, without asking"),
    Flag.withDefault(false)
  ),
  reason: Flag.String("reason").pipe(
    Flag.withMetavar("TEXT"),
    Flag.withDescription("Why the calls are denied, with --deny; the model receives it"),
    Flag.optional
  ),
  question: Flag.String("question").pipe(
    Flag.withMetavar("QUESTION"),
    Flag.withDescription("Answer only this question, such as r3t1c1q1"),
    Flag.optional
  )
}

export const listFormat = Flag.Literals("format", ["text", "json"]).pipe(
  Flag.withAlias("f"),
  Flag.withDescription("Output format: text for people, json for programs"),
  Flag.withDefault("text")
)

export const roundFormat = Flag.Literals("format", ["text", "json", "stream-json"]).pipe(
  Flag.withAlias("f"),
  Flag.withDescription(
    "Output format: text as it arrives, json with the finished round, or stream-json with one event per line"
  ),
  Flag.withDefault("text")
)
