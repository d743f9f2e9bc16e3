import { allowedByTrust } from "@parley/app/ToolRules"
import { mayHoldSecrets } from "@parley/app/WithheldFiles"
import type { Notice, SkippedFile } from "@parley/app/Notices"
import type { SecretRead } from "@parley/workspace/SecretReads"
import { visibleJson } from "@parley/domain/VisibleText"
import { inLine } from "./Render.ts"
import { statusLine } from "./ServerText.ts"

/** Whether a file holds instructions. Each of these that is left out gets its own line. */
const isRule = ({ path }: SkippedFile): boolean =>
  /(?:^|[/\\])(?:(?:AGENTS|CLAUDE)(?:\.override|\.local)?\.md$|\.claude[/\\]rules[/\\])/.test(path)

const named = (what: string, { path, reason }: SkippedFile): string => `${what} ${inLine(path)}: ${reason}`

const leftOut = (files: ReadonlyArray<SkippedFile>): ReadonlyArray<string> => {
  const rules = files.filter(isRule).map((file) => named("instructions", file))
  const [first, ...others] = files.filter((file) => !isRule(file))
  if (first === undefined) return rules
  const more = others.length === 0 ? "" : `, and ${others.length} more; \`parley context\` lists all`
  return [...rules, `${named("left out", first)}${more}`]
}

type Unasked = Extract<Notice, { readonly _tag: "ApprovalUnavailable" }>

/** How to allow a tool where no person can be asked for approval. */
const howToAllow = ({ configFile, isOfProject, tool: { name, server } }: Unasked): string => {
  const lasting = isOfProject ? allowedByTrust(server, name) : `"permissions": { "${name}": "allow" } in ${configFile}`
  return `${name} needs approval, but there is no terminal to ask on; to allow it, use --allow ${name}, or ${lasting}`
}

/** How to show a file that may hold secrets to the model where no person can be asked for approval. */
const howToShow = ({ configFile, tool: { name } }: Unasked, secret: SecretRead): string =>
  `${name} needs approval to read a file, but there is no terminal to ask on: ${mayHoldSecrets(secret)}; to show it to ` +
  `the model, mention it in a message with @, or set "secretFiles": [${visibleJson(`!${secret.path}`)}] in ${configFile}`

const why = (launcher: string | undefined): string =>
  launcher === undefined ? "" : `; the first start of ${launcher} may download the package`

/** A notice for the user, in one or more lines. */
export const lines = (notice: Notice): ReadonlyArray<string> => {
  switch (notice._tag) {
    case "ApprovalUnavailable":
      return [notice.secret === undefined ? howToAllow(notice) : howToShow(notice, notice.secret)]
    case "ToolAllowed":
      return [
        notice.problem === undefined
          ? `${notice.tool} is allowed in this workspace from now on; ${notice.configFile} says so`
          : `${notice.tool} is allowed until this process ends, because the configuration could not be changed: ${notice.problem}`
      ]
    case "ServerStarting":
      return [`starting server ${notice.server}: ${notice.seconds} s${why(notice.launcher)}`]
    case "ServerRestarted":
      return [`restarted on request of another process: ${statusLine(notice.status)}`]
    case "ServerRequestRefused":
      return [
        notice.method === "elicitation/create"
          ? `the server ${notice.server} asked for user input, but there is no terminal to ask on, so it was declined`
          : `the server ${notice.server} asked to use the model, which "sampling" in its configuration does not allow`
      ]
    case "SamplingAnswered": {
      const { model, server, tokensInAll, usage } = notice
      return [
        `${model} answered the server ${server}: ${usage.inputTokens} tokens in, ${usage.outputTokens} out ` +
          `(${tokensInAll} in total for servers, in addition to those of the conversation)`
      ]
    }
    case "FilesLeftOut":
      return leftOut(notice.files)
    case "NotAttached":
      return [named("not attached", notice.file)]
  }
}
