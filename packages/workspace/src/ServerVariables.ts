import { type McpServerConfig, workspaceVariable } from "@parley/domain/McpServerConfig"
import { pathText } from "./internal/Json.ts"

/** A place in a server's configuration where another program would put a value. */
export interface Variable {
  /** Such as `env.TOKEN`. */
  readonly at: string
  /** Such as `${input:token}`, or `a variable` where naming it could tell a part of a secret. */
  readonly variable: string
}

// Only these two say by their form that what is between the braces is a name and not, say, a default value.
const telling = /^\$\{(?:env|input):[\w.-]{1,64}\}$/

const inText = (at: string, text: string): ReadonlyArray<Variable> =>
  [...new Set(text.match(/\$\{[^{}]*\}/g))].map((found) => ({
    at,
    variable: telling.test(found) ? found : "a variable"
  }))

const inRecord = (key: string, values: { readonly [name: string]: string } = {}): ReadonlyArray<Variable> =>
  Object.entries(values).flatMap(([name, value]) => inText(pathText([key, name]), value))

/** Where `${…}` stands. In what a project declares Parley replaces none of them: they would reach the server as they are. */
export const variables = (server: McpServerConfig): ReadonlyArray<Variable> =>
  "url" in server
    ? [...inText("url", server.url), ...inRecord("headers", server.headers)]
    : [
        ...inText("command", server.command),
        ...(server.args ?? []).flatMap((arg, i) => inText(pathText(["args", i]), arg)),
        ...inRecord("env", server.env),
        ...inText("cwd", server.cwd ?? "")
      ]

const without = (text: string): string => text.replaceAll(workspaceVariable, "")

/** Where a variable stands in a user's own server that nothing replaces. */
export const unreplaced = (server: McpServerConfig): ReadonlyArray<Variable> => {
  if ("url" in server) return variables(server)
  const { args = [], cwd, env = {}, ...rest } = server
  return variables({
    ...rest,
    args: args.map(without),
    env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, without(value)])),
    ...(cwd === undefined ? {} : { cwd: without(cwd) })
  })
}
