import { mayHoldSecrets } from "@parley/app/WithheldFiles"
import type { ApprovalRequest } from "@parley/domain/ToolPolicy"
import type { SecretRead } from "@parley/workspace/SecretReads"
import { pieces, visibleJson } from "@parley/domain/VisibleText"

/** A tool call as it is shown to a person, in this process or another one. */
export interface Shown extends Pick<ApprovalRequest, "input"> {
  readonly tool: Pick<ApprovalRequest["tool"], "name" | "server" | "tool">
  /** The file that the call would read, if it may hold secrets. */
  readonly secret: SecretRead | undefined
}

/** Maximum characters shown of an input, half of them from its end, because an attacker would hide something there. */
const shownCharacters = 2000

/** Precedes each line of an input and no other line of a question, so that no input can imitate the question itself. */
const margin = "  │ "

/** The columns that a piece may occupy. Characters whose width differs between terminals count as wide. */
const width = (piece: string): number => (piece.length > 1 && piece.startsWith("\\") ? piece.length : wide(piece))
const wide = (piece: string): number => ((piece.codePointAt(0) ?? 0) < 0x300 ? 1 : 2)

const wrap = (all: ReadonlyArray<string>, columns: number): ReadonlyArray<string> => {
  const room = Math.max(12, columns - margin.length - 1)
  const lines: Array<string> = []
  let line = ""
  let taken = 0
  for (const piece of all) {
    if (taken + width(piece) > room) {
      lines.push(margin + line)
      line = ""
      taken = 0
    }
    line += piece
    taken += width(piece)
  }
  return [...lines, margin + line]
}

const sum = (all: ReadonlyArray<string>): number => all.reduce((length, piece) => length + piece.length, 0)

/** The input, wrapped to `columns`. A long input is cut to its beginning and end, with the number of omitted characters. */
const inputLines = (input: ApprovalRequest["input"], columns: number, whole: boolean): ReadonlyArray<string> => {
  const text = visibleJson(input)
  const all = pieces(text)
  if (whole || text.length <= shownCharacters) return wrap(all, columns)
  const half = shownCharacters / 2
  const head = all.slice(0, half)
  const tail = all.slice(-half)
  const left = text.length - sum(head) - sum(tail)
  if (left <= 0) return wrap(all, columns)
  return [
    ...wrap(head, columns),
    `  … ${left} characters are left out here; [v]iew shows them …`,
    ...wrap(tail, columns)
  ]
}

/** Describes a tool call for approval: the tool, its server, its input and, if it reads a secret file, the reason. */
export const words = (
  { input, tool }: Pick<Shown, "input" | "tool">,
  columns: number,
  whole = false,
  secret?: SecretRead
): string =>
  [`? ${tool.name}: the tool ${visibleJson(tool.tool)} of the server ${visibleJson(tool.server)}, with the input`]
    .concat(inputLines(input, columns, whole))
    .concat(secret === undefined ? [] : [`  ${mayHoldSecrets(secret)}: its content would be sent to the model`])
    .join("\n")

/** The prompt of an approval. It does not offer "always" for files that may hold secrets: these require approval each time. */
export const question = ({ tool: { name } }: Pick<Shown, "tool">, secret?: SecretRead): string =>
  secret === undefined
    ? `  run it? [y]es, this call; [a]lways ${name} in this session, or in this [p]roject, with any input; [v]iew all; [N]o, or no and why: `
    : "  run it? [y]es, this call; [v]iew all; [N]o, or no and why: "
