import type { Piece } from "@parley/domain/RequestSize"

export const joined = (pieces: ReadonlyArray<Piece>): string => pieces.map(({ text }) => text).join("")

export const envelope = (text: string): Piece => ({ of: { _tag: "Envelope" }, text })

/** JSON objects with commas between them. The marker is inserted into the last one, before its closing brace. */
export const list = (items: ReadonlyArray<Piece>, marker = ""): ReadonlyArray<Piece> =>
  items.flatMap((item, i) =>
    i < items.length - 1
      ? [item, envelope(",")]
      : marker === ""
        ? [item]
        : [{ ...item, text: item.text.slice(0, -1) }, envelope(marker), { ...item, text: item.text.slice(-1) }]
  )
