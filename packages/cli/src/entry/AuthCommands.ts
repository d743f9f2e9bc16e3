import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Flags from "../commands/Flags.ts"

const handlers = Effect.promise(() => import("../commands/AuthCommand.ts"))
const { workspace } = Flags.shared
const provider = Argument.String("provider").pipe(
  Argument.withDescription("A provider, such as anthropic, or one that your configuration names")
)

const login = Command.make(
  "login",
  {
    provider,
    file: Flag.Boolean("file").pipe(
      Flag.withDescription("Store the key in a file that only you can read, not in the system's keychain"),
      Flag.withDefault(false)
    ),
    workspace
  },
  (input) => Effect.flatMap(handlers, (command) => command.login(input))
).pipe(
  Command.withDescription(
    "Store the key of a provider. It is typed without being shown, or read from standard input. The keychain needs the " +
      "optional package @napi-rs/keyring beside parley; without it the key is stored in a file"
  ),
  Command.withExamples([
    { command: "parley auth login anthropic", description: "Enter the key" },
    { command: "pass show anthropic | parley auth login anthropic", description: "Take it from another program" }
  ])
)

const logout = Command.make("logout", { provider, workspace }, (input) =>
  Effect.flatMap(handlers, (command) => command.logout(input))
).pipe(Command.withDescription("Remove the stored key of a provider"))

const status = Command.make("status", { provider: Argument.optional(provider), workspace }, (input) =>
  Effect.flatMap(handlers, (command) => command.status(input))
).pipe(Command.withDescription("Show where the keys of providers come from, without showing or using them"))

export const auth = Command.make("auth").pipe(
  Command.withDescription("Store and remove the keys of providers"),
  Command.withSubcommands([login, logout, status])
)
