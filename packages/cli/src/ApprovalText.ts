import type { Asked } from "@parley/domain/ToolPolicy"
import type { SecretRead } from "@parley/workspace/SecretReads"
import { visibleJson } from "./VisibleJson.ts"

/** Of longer input so many characters are shown, half of them from its end: that is where something would be hidden. */
const shownCharacters = 2000

/** Stands before each line of an input, and before nothing else that a question shows: no input can pass for the rest. */
const margin = "  │ "

/** An escape is one piece, so that none is cut in two. */
const pieces = (text: string): ReadonlyArray<string> => text.match(/\\u\{[0-9a-f]+\}|\\.|[^]/gu) ?? []

/** How many columns a piece may take. What terminals disagree about counts as wide. */
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

/** The input, wrapped; of a long one the beginning and the end, and between them how much is left out. */
const inputLines = (input: Asked["input"], columns: number, whole: boolean): ReadonlyArray<string> => {
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

const mayHold = ({ path, why }: SecretRead): string => `${visibleJson(path)} may hold secrets (${why})`

/** What a person reads before they decide: which tool of which server would run, and with what, and why they are asked. */
export const words = ({ input, tool }: Asked, columns: number, whole = false, secret?: SecretRead): string =>
  [`? ${tool.name}: the tool ${visibleJson(tool.tool)} of the server ${visibleJson(tool.server)}, with`]
    .concat(inputLines(input, columns, whole))
    .concat(secret === undefined ? [] : [`  ${mayHold(secret)}: what it holds would be sent to the model`])
    .join("\n")

/** A file that may hold secrets is asked about each time. */
export const question = ({ tool: { name } }: Asked, secret?: SecretRead): string =>
  secret === undefined
    ? `  run it? [y]es, this call; [a]lways ${name}, whatever its input, until this process ends; [v]iew all; [N]o, or no and why: `
    : "  run it? [y]es, this call; [v]iew all; [N]o, or no and why: "

/** Ways to have a file shown to the model where there is no person to ask. */
export const howToShow = (name: string, configFile: string, secret: SecretRead): string =>
  `nobody can be asked whether ${name} may read a file: ${mayHold(secret)}; a message that mentions it with an @ ` +
  `attaches it, and "secretFiles": [${visibleJson(`!${secret.path}`)}] in ${configFile} takes it out`

/** For the model: why a call was not run where there is no person to ask. */
export const unasked = (secret?: SecretRead): string =>
  secret === undefined
    ? "it needs the user's permission, and nobody is there to give it"
    : `${mayHold(secret)}, so it needs the user's permission, and nobody is there to give it`
