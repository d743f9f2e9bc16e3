import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Flags from "../commands/Flags.ts"

const handlers = Effect.promise(() => import("../commands/Models.ts"))
const { workspace } = Flags.shared
const listing = { ...Flags.shared, format: Flags.listFormat }

const list = Command.make("list", listing, (input) =>
  Effect.flatMap(handlers, (command) => command.models(input))
).pipe(Command.withDescription("List the available models"))

const provider = Argument.String("provider").pipe(
  Argument.withDescription("Providers to ask, such as ollama; default: all that can be asked"),
  Argument.variadic()
)

const discover = Command.make("discover", { provider, workspace, format: Flags.listFormat }, (input) =>
  Effect.flatMap(handlers, (command) => command.discover(input))
).pipe(
  Command.withDescription("Ask the servers of providers which models they have"),
  Command.withExamples([
    { command: "parley models discover ollama", description: "List the models of the local Ollama server" }
  ])
)

const commands = Effect.promise(() => import("../commands/ModelCommands.ts"))
const name = Argument.String("model").pipe(
  Argument.withDescription("The model as PROVIDER/MODEL, such as anthropic/claude-sonnet-5-5")
)

const show = Command.make("show", { name, workspace, format: Flags.listFormat }, (input) =>
  Effect.flatMap(commands, (command) => command.show(input))
).pipe(Command.withDescription("Show what is known about a model: limits, what it reads, and prices with their date"))

const chain = Argument.String("model").pipe(
  Argument.withDescription(
    "The model as PROVIDER/MODEL; further models, separated by commas, are asked in this order if it is not available"
  )
)

const use = Command.make("use", { name: chain, workspace }, (input) =>
  Effect.flatMap(commands, (command) => command.use(input))
).pipe(
  Command.withDescription("Use this model from now on, unless another is named; changes your configuration"),
  Command.withExamples([
    { command: "parley models use ollama/qwen3:8b", description: "Use a local model by default" },
    {
      command: "parley models use anthropic/claude-sonnet-5-5,openai/gpt-6.2-sol",
      description: "Ask the second model when the first is overloaded, out of quota or not reachable"
    }
  ])
)

const test = Command.make("test", { name, workspace, format: Flags.listFormat }, (input) =>
  Effect.flatMap(commands, (command) => command.test(input))
).pipe(
  Command.withDescription(
    "Send one tiny request to a model, and show whether text and tool calls work, the time and the cost"
  )
)

export const models = Command.make("models", listing, (input) =>
  Effect.flatMap(handlers, (command) => command.models(input))
).pipe(Command.withDescription("List the available models"), Command.withSubcommands([list, show, use, test, discover]))
