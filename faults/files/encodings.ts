import { Effect } from "effect"
import type { Case } from "../suite.ts"
import { place, shows } from "./place.ts"

const notText = "is not valid UTF-8 text"
const words = "Grüße 😀"

const encoded = (
  name: string,
  contents: { readonly [path: string]: Uint8Array | string },
  files: { readonly [path: string]: string },
  skipped: { readonly [path: string]: string } = {}
): Case => ({
  id: "F08",
  name,
  run: Effect.gen(function* () {
    const here = yield* place
    for (const [path, content] of Object.entries(contents)) here.put(path, content)
    for (const include of [["*"], Object.keys(contents)]) {
      here.include(include)
      yield* shows(here, files, skipped)
    }
  })
})

const utf16 = Buffer.from(`\uFEFF${words}`, "utf16le")

export const encodings: ReadonlyArray<Case> = [
  encoded("UTF-8 with and without a mark", { bom: `\uFEFF${words}`, plain: words }, { bom: words, plain: words }),
  encoded(
    "UTF-16 of both kinds; without a mark or with half a character it is none",
    {
      le: utf16,
      be: Buffer.from(utf16).swap16(),
      unmarked: utf16.subarray(2),
      half: utf16.subarray(0, -1),
      lone: Buffer.from([0xff, 0xfe, 0x00, 0xd8])
    },
    { be: words, le: words },
    { half: "is not valid UTF-16LE text", lone: "is not valid UTF-16LE text", unmarked: "is binary" }
  ),
  encoded("Latin-1", { latin1: Buffer.from("Grüße", "latin1"), good: "Good." }, { good: "Good." }, { latin1: notText }),
  encoded(
    "mixed",
    { mixed: Buffer.concat([Buffer.from(words), Buffer.from([0xe9])]), cut: Buffer.from(words).subarray(0, -1) },
    {},
    { cut: notText, mixed: notText }
  ),
  encoded(
    "line ends of every kind, none at the end, and nothing at all",
    { crlf: "a\r\nb\r\n", cr: "a\rb", mixed: "a\nb\r\nc", none: "a\nb", empty: "" },
    { cr: "a\rb", crlf: "a\r\nb\r\n", empty: "", mixed: "a\nb\r\nc", none: "a\nb" }
  )
]
