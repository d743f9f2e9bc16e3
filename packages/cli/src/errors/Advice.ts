import type { AnswerError } from "@parley/session/SessionCoordinator"

/** The end of a message that names the command which helps with an error, if there is one. */
const adviceFor = (error: AnswerError): string | undefined => {
  switch (error._tag) {
    case "SessionNotFound":
      return "; `parley sessions list` lists the existing sessions"
    case "RoundWaiting":
    case "QuestionNotFound":
      return `; \`parley answer ${error.sessionId}\` shows and answers what it asks`
    case "SessionBusy":
      return error.holder === undefined
        ? undefined
        : `; follow it with \`parley sessions show ${error.sessionId} --follow\``
    case "StorageError":
      return error.sessionId === undefined || error.reason !== "Corrupt"
        ? undefined
        : `; \`parley sessions repair ${error.sessionId}\` copies its readable part into a new session`
    case "ModelError":
      return error.reason._tag === "UnknownModel" ? "; `parley models` lists the configured models" : undefined
    case "ContextTooLarge": {
      if (error.compaction === "off") return ". `parley sessions compact` compacts the session"
      const largest = error.servers?.find(({ server }) => server !== "workspace")
      return largest === undefined
        ? undefined
        : `. \`parley mcp disable ${largest.server}\` disables that server; \`parley mcp list\` shows the tokens of each`
    }
    default:
      return undefined
  }
}

const isOfEngine = (error: { readonly message: string }): error is AnswerError => "_tag" in error

/** The message of an error, with advice on which command helps, if there is one. */
export const messageOf = (error: { readonly message: string } | AnswerError): string =>
  isOfEngine(error) ? `${error.message}${adviceFor(error) ?? ""}` : error.message
