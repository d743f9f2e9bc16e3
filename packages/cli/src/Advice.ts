import type { HandleMessageError } from "@parley/domain/Errors"

/** What the command can do about an error, beside what the error says. */
export const messageOf = (error: { readonly message: string } | HandleMessageError): string => {
  if (!("_tag" in error) || error._tag !== "ContextTooLarge" || error.servers === undefined) return error.message
  const largest = error.servers.find(({ server }) => server !== "workspace")
  return largest === undefined
    ? error.message
    : `${error.message}. \`parley mcp disable ${largest.server}\` switches that server off; \`parley mcp list\` says what each takes`
}
