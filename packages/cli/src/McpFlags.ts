import * as Argument from "effect/cli/Argument"
import * as Flag from "effect/cli/Flag"
import * as Flags from "./commands/Flags.ts"

/** The name of a server that is configured. */
export const name = Argument.String("name").pipe(Argument.withDescription("The server's name"))

export const repeated = (flag: string, metavar: string, description: string) =>
  Flag.String(flag).pipe(Flag.withMetavar(metavar), Flag.withDescription(description), Flag.atLeast(0))

const optional = (flag: string, metavar: string, description: string) =>
  Flag.String(flag).pipe(Flag.withMetavar(metavar), Flag.withDescription(description), Flag.optional)

/** How a server is started and asked, for `add` and for `probe`. */
export const server = {
  header: repeated("header", '"K: V"', "Sent with each request to an address; may be repeated"),
  env: repeated("env", "K=V", "Set for the program that is started; may be repeated"),
  cwd: Flag.String("cwd").pipe(
    Flag.withMetavar("DIR"),
    Flag.withDescription(
      "Where the program is started; `workspace` is the workspace (default: an empty directory of Parley's own)"
    ),
    Flag.optional
  ),
  clientId: optional("client-id", "ID", "The OAuth client to log in as (default: Parley registers itself)"),
  clientSecretEnv: optional("client-secret-env", "VARIABLE", "The variable that holds the secret of that client"),
  clientMetadataUrl: optional(
    "client-metadata-url",
    "URL",
    "The https address of a client metadata document, for servers that take one in place of a registration"
  ),
  scope: optional("scope", '"A B"', "The OAuth scopes to ask for (default: those that the server names)"),
  timeout: Flags.count("timeout", "Milliseconds a call may take (default: 120000)"),
  startTimeout: Flags.count("start-timeout", "Milliseconds it has to become ready (default: 10000)")
}
