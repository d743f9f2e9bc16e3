import * as Argument from "effect/cli/Argument"
import * as Flag from "effect/cli/Flag"
import * as Flags from "../commands/Flags.ts"

/** The name of a configured server. */
export const name = Argument.String("name").pipe(Argument.withDescription("Name of the MCP server"))

export const repeated = (flag: string, metavar: string, description: string) =>
  Flag.String(flag).pipe(Flag.withMetavar(metavar), Flag.withDescription(description), Flag.atLeast(0))

const optional = (flag: string, metavar: string, description: string) =>
  Flag.String(flag).pipe(Flag.withMetavar(metavar), Flag.withDescription(description), Flag.optional)

/** How a server is started or reached; shared by `add` and `probe`. */
export const server = {
  header: repeated("header", '"K: V"', "HTTP header that is sent with each request to a URL; may be repeated"),
  env: repeated("env", "K=V", "Environment variable that is set for the server program; may be repeated"),
  cwd: Flag.String("cwd").pipe(
    Flag.withMetavar("DIR"),
    Flag.withDescription(
      "Directory in which the program starts; `workspace` means the workspace (default: an empty directory made by Parley)"
    ),
    Flag.optional
  ),
  clientId: optional("client-id", "ID", "OAuth client to log in as (default: Parley registers itself)"),
  clientSecretEnv: optional(
    "client-secret-env",
    "VARIABLE",
    "Environment variable that contains the secret of that client"
  ),
  clientMetadataUrl: optional(
    "client-metadata-url",
    "URL",
    "HTTPS URL of a client ID metadata document, for servers that accept one instead of a registration"
  ),
  scope: optional("scope", '"A B"', "OAuth scopes to request (default: the scopes that the server names)"),
  timeout: Flags.count("timeout", "Maximum milliseconds per call (default: 120000)"),
  startTimeout: Flags.count("start-timeout", "Maximum milliseconds until the server is ready (default: 10000)")
}
